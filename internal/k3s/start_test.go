package k3s

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// oneServer is a host on which the only server of a cluster runs.
type oneServer struct {
	host.Local
	nodes string // as kubectl tells them
}

func (s oneServer) Run(_ context.Context, c host.Command) (host.Output, error) {
	if slices.Contains(c.Words, "nodes") {
		return host.Output{Stdout: s.nodes}, nil
	}
	return host.Output{Stdout: `{"items": []}`}, nil
}

// supervises gives the port of a supervisor that tells the members of etcd, or else whose datastore is not etcd.
func supervises(t *testing.T, members ...string) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/cacerts":
			assert.NoError(t, pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
		case r.URL.Path == "/db/info" && members != nil:
			_, err := fmt.Fprintf(w, `{"members": [%s]}`, strings.Join(members, ", "))
			assert.NoError(t, err)
		default:
			http.NotFound(w, r)
		}
	})
	server.StartTLS()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	return u.Port()
}

// dataOfAServer is a folder with the token of a server.
func dataOfAServer(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "server"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "server/token"), []byte("secret\n"), 0o600))
	return folder
}

// Also a server that nobody needs to be asked for is drained, unless its pods would have nowhere to go.
func TestTheOnlyServerIsDrainedToItsAgents(t *testing.T) {
	t.Parallel()
	const (
		one   = `{"metadata": {"name": "s1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`
		agent = `{"metadata": {"name": "a1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`
		dead  = `{"metadata": {"name": "a1"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}`
	)
	port := supervises(t)
	for name, c := range map[string]struct {
		data, nodes string
		without     bool // the option
		steps       []string
		warned      bool
	}{
		"with an agent":              {data: etcdData, nodes: one + "," + agent, steps: []string{"drain s1"}},
		"with SQLite and an agent":   {data: sqliteData, nodes: one + "," + agent, steps: []string{"drain s1"}},
		"with a datastore elsewhere": {nodes: one + "," + agent, steps: []string{"drain s1"}},
		"alone":                      {data: etcdData, nodes: one, steps: []string{}},
		"with an agent that is dead": {data: etcdData, nodes: one + "," + dead, steps: []string{}},
		"not asked for":              {data: etcdData, nodes: one + "," + agent, without: true, steps: []string{}},
		"when nobody tells":          {data: sqliteData, nodes: "", steps: []string{}, warned: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := dataOfAServer(t)
			p := &Plan{
				Node: &Node{
					host: oneServer{nodes: `{"items": [` + c.nodes + `]}`}, hostname: "s1", role: service.Server, state: service.State{Active: true, Running: true}, data: c.data, bound: "secret",
					settings: settings.Settings{"https-listen-port": {port}},
				},
				want: Want{Role: service.Server, DataDir: folder, Drain: !c.without}, starting: true, target: binary{sum: "another"},
			}
			p.planTurn(t.Context(), cluster.Restart)
			assert.Equal(t, c.steps, p.Steps())
			assert.Equal(t, c.warned, len(p.Warnings()) > 0, p.Warnings())
		})
	}
}

// cordoned is a host on which the only server of a cluster runs, and its node is out of scheduling.
type cordoned struct {
	oneServer
	mark string // annotations of the node
	said *[]string
}

func (c cordoned) Run(_ context.Context, command host.Command) (host.Output, error) {
	words := strings.Join(command.Words[3:], " ")
	*c.said = append(*c.said, words)
	if strings.Contains(words, "get") && strings.HasSuffix(words, "node s1") {
		return host.Output{Stdout: `{"metadata": {"name": "s1", "annotations": {` + c.mark + `}}, "spec": {"unschedulable": true},
			"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`}, nil
	}
	return host.Output{}, nil
}

func (c cordoned) Write(_ context.Context, f host.File) (bool, error) {
	content, err := contentOf(f)
	*c.said = append(*c.said, path.Base(f.Path)+": "+content)
	return true, err
}

// runs is an init system under which k3s runs.
type runs struct{ service.System }

func (runs) State(context.Context, string) (service.State, error) {
	return service.State{Active: true, Running: true}, nil
}

func (runs) Follow(context.Context, string) (service.Log, error) {
	return func(context.Context) ([]string, error) { return nil, nil }, nil
}

// A run that ends after k3s was ready, and before its node was, leaves the node cordoned and k3s as it is wanted.
func TestARestartThatWasInterruptedIsEnded(t *testing.T) {
	t.Parallel()
	const step = "end the restart of an earlier run: wait until k3s is ready, let pods onto s1 again, and give back the leave to be stopped"
	port := supervises(t)
	for name, c := range map[string]struct {
		record record
		mark   string
		steps  []string
		lets   bool // pods onto the node
	}{
		"what it has drained takes pods again":     {record{Leave: true}, `"initial-cluster.metal-stack.io/cordoned": "true"`, []string{step}, true},
		"what an operator has cordoned stays so":   {record{Leave: true}, "", []string{step}, false},
		"without one the cluster is asked nothing": {record{}, `"initial-cluster.metal-stack.io/cordoned": "true"`, []string{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, said := dataOfAServer(t), []string{}
			p := &Plan{
				Node: &Node{
					host: cordoned{mark: c.mark, said: &said}, system: runs{}, hostname: "s1", role: service.Server, state: service.State{Active: true, Running: true}, data: etcdData,
					settings: settings.Settings{"https-listen-port": {port}}, record: &c.record,
				},
				want: Want{Role: service.Server, DataDir: folder, StartTimeout: time.Minute},
			}
			next := p.nextRecord()
			p.files = map[string]file{recordFile: {text: next.text()}}
			p.planRecord()
			assert.Equal(t, c.steps, p.Steps())
			require.NoError(t, p.Apply(t.Context()))
			assert.Equal(t, c.lets, slices.Contains(said, "uncordon s1"), said)
			assert.Equal(t, len(c.steps) > 0, slices.Contains(said, "k3s_node.json: "+next.text()), said)
			if len(c.steps) == 0 {
				assert.Empty(t, said)
			}
		})
	}
}

// The only server takes no turn, and is drained to its agents all the same.
func TestADrainIsNotedBefore(t *testing.T) {
	t.Parallel()
	folder, said := dataOfAServer(t), []string{}
	p := &Plan{
		Node: &Node{host: cordoned{said: &said}, hostname: "s1", settings: settings.Settings{"https-listen-port": {supervises(t)}}},
		want: Want{Role: service.Server, DataDir: folder, StartTimeout: time.Minute},
	}
	require.ErrorContains(t, p.drain(t.Context()), "no node of that name")
	assert.Equal(t, []string{"k3s_node.json: " + record{Leave: true}.text(), "get --ignore-not-found --output=json nodes"}, said)
}

// comesBack is an init system whose k3s has ended, and is started again by it when it is looked at once more.
type comesBack struct {
	runs
	looks   *int
	started *bool
}

func (c comesBack) State(context.Context, string) (service.State, error) {
	*c.looks++
	return service.State{Active: *c.looks > 1, Running: true}, nil
}

func (c comesBack) Start(context.Context, string) (service.Log, error) {
	*c.started = true
	return nil, errors.New("started")
}

// Another server may have the leave meanwhile.
func TestAServerThatHasComeBackTakesItsTurn(t *testing.T) {
	t.Parallel()
	const s1 = `{"ID": 1, "name": "s1-01234567"}`
	two := supervises(t, s1, `{"ID": 2, "name": "s2-01234567"}`)
	silent := "1" // nothing listens there
	for name, c := range map[string]struct{ port, want string }{
		"that is back before its restart": {two, "refusing to restart s1: of two servers (s1, s2) neither may be away, or the cluster stops; add a third, or agree to the outage"},
		"of a cluster of its own":         {supervises(t, s1), "started"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, looks, started := []string{}, 0, false
			p := &Plan{
				Node: &Node{
					host: cordoned{said: &said}, system: comesBack{looks: &looks, started: &started}, hostname: "s1", role: service.Server, data: etcdData, bound: "secret",
					state: service.State{Active: true, Running: true}, settings: settings.Settings{"https-listen-port": {silent}},
				},
				want: Want{Role: service.Server, DataDir: dataOfAServer(t), StartTimeout: time.Minute}, starting: true,
			}
			require.NoError(t, p.takeTurn(t.Context(), cluster.Restart), "it has ended")
			require.Nil(t, p.turn)
			p.settings["https-listen-port"] = []string{c.port}
			require.EqualError(t, p.restart(t.Context()), c.want)
			assert.Equal(t, c.want == "started", started)
		})
	}
}
