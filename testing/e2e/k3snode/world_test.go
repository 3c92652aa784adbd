// Package k3snode plays the module k3s_node on Debian machines with the k3s of the tests.
package k3snode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
	"github.com/metal-stack/initial-cluster/testing/machines"
)

const (
	token   = "correct-horse-battery-staple"
	module  = "/root/k3s_node"
	patient = 600 // seconds, for a machine with two busy cores
)

// world is a mirror of k3s' releases and machines that know it.
type world struct {
	mirror string
	asked  func() []string // what the mirror was asked for
	binary string          // of the module
	nodes  []*node
}

// node is a machine with the module on it.
type node struct {
	host.Host
	name, address string
	machine       *machines.Machine
	world         *world
}

// args are the module's.
type args map[string]any

// result is what it says.
type result struct {
	Changed, Failed bool
	Msg             string
	Steps, Warnings []string
	Diff            any
	Node            struct {
		Name, Role, Installed, Started, Datastore string
		Running                                   bool
	}
	raw string
}

// newWorld makes machines of the names. Nobody has an image of a pod: nodes are without.
func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	for _, version := range k3stest.Versions {
		k3stest.Find(t, version) // which skips without the k3s of the tests
	}
	binary := filepath.Join(t.TempDir(), "k3s_node")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "grpcnotrace", "-o", binary, "../../../modules/k3s_node")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	network, all := machines.Run(t, names...)
	mirror := k3stest.NewMirror(t, k3stest.Versions...)
	w := &world{mirror: serve(t, network.Gateway().String(), mirror), asked: mirror.Asked, binary: binary}
	for _, m := range all {
		w.nodes = append(w.nodes, w.node(t, m))
	}
	return w
}

func serve(t *testing.T, address string, mirror http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	server := &http.Server{Handler: mirror}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return "http://" + listener.Addr().String()
}

func (w *world) node(t *testing.T, m *machines.Machine) *node {
	t.Helper()
	n := &node{name: m.Name, address: m.Address.String(), machine: m, world: w}
	n.connect(t)
	n.bring(t, w.binary)
	return n
}

func (n *node) connect(t *testing.T) {
	t.Helper()
	h, err := n.machine.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Close()) })
	n.Host = h
}

func (n *node) bring(t *testing.T, binary string) {
	t.Helper()
	file, err := os.Open(binary)
	require.NoError(t, err)
	defer file.Close()
	_, err = n.Write(t.Context(), host.File{Path: module, Mode: 0o755, Content: file})
	require.NoError(t, err)
}

func (w *world) servers() (addresses []string) {
	for _, n := range w.nodes {
		if strings.HasPrefix(n.name, "s") {
			addresses = append(addresses, n.address)
		}
	}
	return addresses
}

// want are the arguments of a server of all servers, with others in their place.
func (w *world) want(others args) args {
	all := args{
		"version": k3stest.Versions[0], "download_url": w.mirror + "/k3s-io/k3s/releases/download", "channel_url": w.mirror + "/v1-release/channels",
		"token": token, "servers": w.servers(), "start_timeout": patient, "_ansible_diff": true,
	}
	for name, value := range others {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

func (n *node) command(t *testing.T, in args) host.Command {
	t.Helper()
	text, err := json.Marshal(in)
	require.NoError(t, err)
	return host.Command{Words: []string{module, "-"}, Stdin: strings.NewReader(string(text))}
}

// try runs the module to its end.
func (n *node) try(t *testing.T, in args) result {
	t.Helper()
	begin := time.Now()
	out, err := n.Run(t.Context(), n.command(t, in))
	var failed *host.RunError
	require.True(t, err == nil || errors.As(err, &failed) && failed.Code == 1, "%v", err)
	assert.Empty(t, out.Stderr)
	assert.NotContains(t, out.Stdout, token)
	var r result
	require.NoError(t, json.Unmarshal([]byte(out.Stdout), &r), out.Stdout)
	r.raw = out.Stdout
	t.Logf("%s: %s: changed=%t %s", n.name, time.Since(begin).Round(time.Millisecond), r.Changed, r.Msg)
	return r
}

// apply runs it, and wants no failure.
func (n *node) apply(t *testing.T, in args) result {
	t.Helper()
	r := n.try(t, in)
	if r.Failed {
		t.Log(n.journal(t))
	}
	require.False(t, r.Failed, r.Msg)
	return r
}

func (n *node) run(t *testing.T, words ...string) string {
	t.Helper()
	out, err := n.Run(t.Context(), host.Words(words...))
	require.NoError(t, err)
	return strings.TrimSpace(out.Stdout)
}

// succeeds runs a command again until it succeeds, and gives what it says.
func (n *node) succeeds(t *testing.T, command host.Command) (said string) {
	t.Helper()
	o := wait.Options{For: "success of " + strings.Join(command.Words, " "), Timeout: patient * time.Second, Interval: time.Second}
	require.NoError(t, wait.Until(t.Context(), o, func(ctx context.Context) (bool, string, error) {
		out, err := n.Run(ctx, command)
		said = out.Stdout
		return err == nil, fmt.Sprint(err), nil
	}))
	return said
}

// journal is what k3s itself has said last.
func (n *node) journal(t *testing.T) string {
	t.Helper()
	out, err := n.Run(t.Context(), host.Words("sh", "-c", "journalctl --unit=k3s --unit=k3s-agent --output=cat --no-pager | grep -a ^time= | tail -n 40"))
	require.NoError(t, err)
	return n.name + ": " + out.Stdout
}

// together applies on all nodes at the same time, each with its arguments.
func together(t *testing.T, nodes []*node, in func(*node) args) []result {
	t.Helper()
	results := everywhere(nodes, func(n *node) result { return n.try(t, in(n)) })
	for i, r := range results {
		if r.Failed {
			t.Log(nodes[i].journal(t))
		}
	}
	for i, r := range results {
		require.False(t, r.Failed, "%s: %s", nodes[i].name, r.Msg)
	}
	return results
}

// everywhere runs something on all nodes at the same time.
func everywhere[T any](nodes []*node, do func(*node) T) []T {
	results := make([]T, len(nodes))
	done := make(chan struct{})
	for i, n := range nodes {
		go func() {
			defer func() { done <- struct{}{} }()
			results[i] = do(n)
		}()
	}
	for range nodes {
		<-done
	}
	return results
}

func (n *node) mode(t *testing.T, path string) string {
	t.Helper()
	info, err := n.Stat(t.Context(), path)
	require.NoError(t, err)
	return fmt.Sprintf("%04o", info.Mode.Perm())
}
