package gketest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// state is what outlives the server.
type state struct {
	clusters   map[string]*cluster // by resource name
	operations []*operation        // in the order of their begin
	made       int                 // clusters ever made, for their address ranges
	quota      map[string]int      // of CPUS by project
	networks   map[string][]string // by project; without an entry it has the network default
}

// stored is the state as it is written.
type stored struct {
	Clusters   map[string]storedCluster
	Operations []storedOperation
	Made       int
	Quota      map[string]int
	Networks   map[string][]string
}

type storedCluster struct {
	Project string
	Cluster json.RawMessage
}

type storedOperation struct {
	Project, Cluster, Pool string
	Operation              json.RawMessage
	Begin                  time.Time
	Takes                  time.Duration
	After                  json.RawMessage `json:",omitempty"`
	Failure                json.RawMessage `json:",omitempty"`
	Nodes                  int
}

func (s *Server) file() string { return filepath.Join(s.options.Dir, "gke.json") }

func (s *Server) load() error {
	s.state = state{clusters: map[string]*cluster{}, quota: map[string]int{}, networks: map[string][]string{}}
	if s.options.Dir == "" {
		return nil
	}
	content, err := os.ReadFile(s.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.state.read(content); err != nil {
		return fmt.Errorf("read %s: %w; remove it to begin anew", s.file(), err)
	}
	return nil
}

func (s *state) read(content []byte) error {
	var from stored
	if err := json.Unmarshal(content, &from); err != nil {
		return err
	}
	s.made = from.Made
	maps.Copy(s.quota, from.Quota)
	maps.Copy(s.networks, from.Networks)
	for name, c := range from.Clusters {
		read := &cluster{project: c.Project, name: name, Cluster: &containerpb.Cluster{}}
		if err := protojson.Unmarshal(c.Cluster, read.Cluster); err != nil {
			return err
		}
		s.clusters[name] = read
	}
	for _, o := range from.Operations {
		read := &operation{project: o.Project, cluster: o.Cluster, pool: o.Pool, begin: o.Begin, takes: o.Takes, nodes: o.Nodes}
		read.Operation = &containerpb.Operation{}
		err := protojson.Unmarshal(o.Operation, read.Operation)
		if err == nil && o.After != nil {
			read.after = &containerpb.Cluster{}
			err = protojson.Unmarshal(o.After, read.after)
		}
		if err == nil && o.Failure != nil {
			read.failure = &status.Status{}
			err = protojson.Unmarshal(o.Failure, read.failure)
		}
		if err != nil {
			return err
		}
		s.operations = append(s.operations, read)
	}
	return nil
}

// save keeps the state; the mutex is held.
func (s *Server) save() error {
	if s.options.Dir == "" {
		return nil
	}
	content, err := s.state.write()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.file()+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(s.file()+".new", s.file())
}

func (s *state) write() ([]byte, error) {
	to := stored{Clusters: map[string]storedCluster{}, Made: s.made, Quota: s.quota, Networks: s.networks}
	var failures error
	text := func(m proto.Message) json.RawMessage {
		content, err := protojson.Marshal(m)
		failures = errors.Join(failures, err)
		return content
	}
	for _, name := range slices.Sorted(maps.Keys(s.clusters)) {
		to.Clusters[name] = storedCluster{s.clusters[name].project, text(s.clusters[name].Cluster)}
	}
	for _, o := range s.operations {
		w := storedOperation{Project: o.project, Cluster: o.cluster, Pool: o.pool, Operation: text(o.Operation), Begin: o.begin, Takes: o.takes, Nodes: o.nodes}
		if o.after != nil {
			w.After = text(o.after)
		}
		if o.failure != nil {
			w.Failure = text(o.failure)
		}
		to.Operations = append(to.Operations, w)
	}
	if failures != nil {
		return nil, failures
	}
	return json.MarshalIndent(to, "", " ")
}
