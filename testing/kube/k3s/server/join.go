package server

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sirupsen/logrus"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/access"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/bootstrap"
)

// joined is the server that this one joins at.
type joined struct{ server *access.Server }

// bootstrapAt takes the secrets of the cluster from a server of it, and refuses settings that differ from its.
func (s *Server) bootstrapAt() error {
	if s.Settings.Token == "" {
		return errors.New("K3S_TOKEN is required to join a cluster")
	}
	server, err := access.Open(s.Settings.Server, s.Settings.Token, "server")
	if err != nil {
		return err
	}
	logrus.Info("Managed etcd cluster not yet initialized")
	data, err := server.Get("/v1-k3s/server-bootstrap")
	if err != nil {
		return err
	}
	if err := bootstrap.Write(s.Settings.ServerDir(), data, true); err != nil {
		return err
	}
	s.join = &joined{server}
	if err := s.compare(); err != nil {
		return fmt.Errorf("failed to validate server configuration: %w", err)
	}
	return nil
}

// compare asks the other server for its settings, with the credentials of an agent: an agent token that differs fails here.
func (s *Server) compare() error {
	text := s.Settings.AgentToken
	if text == "" {
		text = s.Settings.Token
	}
	server, err := access.Open(s.Settings.Server, text, "node")
	if err != nil {
		return err
	}
	data, err := server.Get("/v1-k3s/config")
	if err != nil {
		return err
	}
	var theirs Critical
	if err := json.Unmarshal(data, &theirs); err != nil {
		return err
	}
	ours, err := critical(s.Settings)
	if err != nil {
		return err
	}
	different := ours.Differences(theirs)
	for _, flag := range different {
		logrus.Warnf("critical configuration mismatched: %s", flag)
	}
	if len(different) > 0 {
		return errors.New("critical configuration value mismatch between servers")
	}
	return nil
}

func (j *joined) members() ([]*etcdserverpb.Member, error) {
	data, err := j.server.Get("/db/info")
	if err != nil {
		return nil, err
	}
	var list struct {
		Members []*etcdserverpb.Member `json:"members"`
	}
	return list.Members, json.Unmarshal(data, &list)
}
