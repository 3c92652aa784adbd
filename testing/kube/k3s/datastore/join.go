package datastore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// Join adds the server to the cluster that has the members, as a learner, and starts it. While the cluster cannot take one, it tries
// again each second.
func (s *Store) Join(ctx context.Context, known []*etcdserverpb.Member) error {
	for {
		err := s.join(ctx, known)
		switch {
		case errors.Is(err, rpctypes.ErrTooManyLearners), errors.Is(err, rpctypes.ErrMemberNotEnoughStarted),
			errors.Is(err, rpctypes.ErrUnhealthy), errors.Is(err, context.DeadlineExceeded):
			logrus.Infof("Waiting for other members to finish joining etcd cluster: %v", err)
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) join(ctx context.Context, known []*etcdserverpb.Member) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client, err := s.dial(clientURLs(known)...)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := client.MemberList(ctx)
	if err != nil {
		return err
	}
	cluster, add, err := s.place(list.Members)
	if err != nil {
		return err
	}
	if add {
		logrus.Infof("Adding member %s=%s to etcd cluster %v", s.name, s.PeerURL(), cluster)
		if _, err := client.MemberAddAsLearner(ctx, []string{s.PeerURL()}); err != nil {
			return err
		}
		cluster = append(cluster, s.name+"="+s.PeerURL())
	}
	logrus.Infof("Starting etcd to join cluster with members %v", cluster)
	c := s.member()
	c.InitialCluster, c.ClusterState = strings.Join(cluster, ","), embed.ClusterStateFlagExisting
	return s.start(c)
}

func clientURLs(members []*etcdserverpb.Member) []string {
	var found []string
	for _, member := range members {
		if !member.IsLearner {
			found = append(found, member.ClientURLs...)
		}
	}
	return found
}

// place finds the server among the members. One without a name has been added but never started: if it has our address, it is us.
func (s *Store) place(members []*etcdserverpb.Member) (cluster []string, add bool, err error) {
	add = true
	for _, member := range members {
		if len(member.PeerURLs) == 0 {
			continue
		}
		ours := host(member.PeerURLs[0]) == s.Address
		if member.Name == "" && ours {
			member.Name = s.name
		}
		if member.Name == s.name && ours {
			add = false
		}
		if i := strings.LastIndex(member.Name, "-"); member.Name != s.name && i > 0 && member.Name[:i] == s.NodeName {
			if err := os.Remove(s.path("etcd", "name")); err != nil {
				logrus.Errorf("Failed to remove etcd name file: %v", err)
			}
			return nil, false, errors.New("duplicate node name found, please use a unique name for this node")
		}
		cluster = append(cluster, member.Name+"="+member.PeerURLs[0])
	}
	return cluster, add, nil
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Members are those of the cluster. Without a quorum it names the server alone, as k3s does.
func (s *Store) Members(ctx context.Context) []*etcdserverpb.Member {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if list, err := s.client.MemberList(ctx); err == nil {
		return list.Members
	}
	return []*etcdserverpb.Member{{Name: s.name, PeerURLs: []string{s.PeerURL()}, ClientURLs: []string{"https://" + s.Address + ":2379"}}}
}

// Remove removes the member of the name and address. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, name, address string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	list, err := s.client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, member := range list.Members {
		if member.Name != name || len(member.PeerURLs) == 0 || host(member.PeerURLs[0]) != address {
			continue
		}
		logrus.Infof("Removing name=%s id=%d address=%s from etcd", member.Name, member.ID, address)
		if _, err := s.client.MemberRemove(ctx, member.ID); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
			return fmt.Errorf("remove etcd member %s: %w", name, err)
		}
	}
	return nil
}

// Get gives the values of the keys that begin so.
func (s *Store) Get(ctx context.Context, prefix string) (map[string]string, error) {
	return get(ctx, s.client, prefix)
}

func get(ctx context.Context, client *clientv3.Client, prefix string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := client.Get(ctx, prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, pair := range answer.Kvs {
		found[string(pair.Key)] = string(pair.Value)
	}
	return found, nil
}
