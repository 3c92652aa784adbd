package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Member is one of etcd's.
type Member struct {
	ID         uint64   `json:"ID"`
	Name       string   `json:"name"` // the node's with - and eight digits; empty for one that was added and never started
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	Learner    bool     `json:"isLearner"` // does not vote yet
}

// Node is the name of its node.
func (m Member) Node() string {
	if i := strings.LastIndex(m.Name, "-"); i > 0 {
		return m.Name[:i]
	}
	return m.Name
}

// Address is where it listens, without a port.
func (m Member) Address() string {
	for _, text := range append(slices.Clone(m.PeerURLs), m.ClientURLs...) {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			return u.Hostname()
		}
	}
	return ""
}

func (m Member) String() string {
	if m.Name == "" {
		return m.Address()
	}
	return m.Node()
}

// Members are those of a cluster.
type Members []Member

// Voters are those that count for the quorum.
func (m Members) Voters() Members {
	return slices.DeleteFunc(slices.Clone(m), func(one Member) bool { return one.Learner })
}

// Learners are those that join and do not count yet.
func (m Members) Learners() Members {
	return slices.DeleteFunc(slices.Clone(m), func(one Member) bool { return !one.Learner })
}

// Of is the member of a node.
func (m Members) Of(node string) (Member, bool) {
	i := slices.IndexFunc(m, func(one Member) bool { return one.Node() == node })
	if i < 0 {
		return Member{}, false
	}
	return m[i], true
}

func (m Members) String() string {
	var names []string
	for _, one := range m {
		names = append(names, one.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// quorum is how many of the voters must be up.
func quorum(voters int) int { return voters/2 + 1 }

var (
	// ErrNoEtcd is of a server whose datastore is SQLite or outside of k3s: it has no members, and can have no second server or not by etcd.
	ErrNoEtcd = errors.New("its datastore is not etcd")
	// ErrNoQuorum is of a server that cannot reach a majority of the members.
	ErrNoQuorum = errors.New("it reaches no majority of etcd's members; start the servers that are down")
)

// Members asks the server for etcd's members, as a majority of them has agreed on. Without a majority k3s answers with the server alone,
// without its ID: that is ErrNoQuorum, and no proof that there are no others.
func (c *Cluster) Members(ctx context.Context) (Members, error) {
	content, err := c.asServer(ctx, http.MethodGet, "/db/info", nil)
	if code(err) == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", c.url, ErrNoEtcd)
	}
	if err != nil {
		return nil, err
	}
	var answer struct{ Members Members }
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf("%s/db/info: no list of members: %w", c.url, err)
	}
	if len(answer.Members) == 0 || slices.ContainsFunc(answer.Members, func(m Member) bool { return m.ID == 0 }) {
		return nil, fmt.Errorf("%s: %w", c.url, ErrNoQuorum)
	}
	return answer.Members, nil
}

// electionTime is longer than etcd takes to choose another leader with k3s' timings, when the machine of the leader has died.
const electionTime = time.Minute

// AwaitMajority returns when the server reaches a majority of etcd's members, which for some seconds after the death of their leader none
// does, or has no etcd.
func (c *Cluster) AwaitMajority(ctx context.Context) error {
	return until(ctx, "a majority of etcd's members", electionTime, func(ctx context.Context) (bool, string, error) {
		_, err := c.Members(ctx)
		switch {
		case err == nil || isNoEtcd(err):
			return true, "", nil
		case errors.Is(err, ErrNoQuorum):
			return false, err.Error(), nil
		}
		return false, "", err
	})
}

// server is the URL of the server that a member belongs to. All servers of a cluster listen on the same port.
func (c *Cluster) server(m Member) string {
	u, err := url.Parse(c.url)
	if err != nil || u.Port() == "" {
		return "https://" + bracketed(m.Address()) + ":6443"
	}
	return "https://" + bracketed(m.Address()) + ":" + u.Port()
}

func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// Sick tells of each voter why it does not serve now; of those that do nothing. It asks every server itself: what the cluster
// writes about a member may be five minutes old.
func (c *Cluster) Sick(ctx context.Context, voters Members) map[string]error {
	type found struct {
		node string
		err  error
	}
	answers := make(chan found)
	for _, m := range voters {
		go func() { answers <- found{m.String(), c.serves(ctx, m)} }()
	}
	sick := map[string]error{}
	for range voters {
		if one := <-answers; one.err != nil {
			sick[one.node] = one.err
		}
	}
	return sick
}

// serves asks the server of a member whether that is a voter of the majority that it sees.
func (c *Cluster) serves(ctx context.Context, m Member) error {
	other, err := c.at(ctx, c.server(m))
	if err != nil {
		return err
	}
	seen, err := other.Members(ctx)
	if code(err) == http.StatusUnauthorized && c.answers(ctx, other.url) {
		return nil // the token is being rotated, and this server has not been restarted since
	}
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(seen.Voters(), func(one Member) bool { return one.ID == m.ID }) {
		return fmt.Errorf("%s: it is not a voter there", other.url)
	}
	return nil
}

// answers tells whether the Kubernetes of another server is ready, which needs its etcd. It is asked with the certificate of the
// administrator, of whom only a server's host has one.
func (c *Cluster) answers(ctx context.Context, url string) bool {
	_, err := c.kubectl(ctx, "", "--server="+url, "get", "--raw=/readyz")
	return err == nil
}
