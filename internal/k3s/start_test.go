package k3s

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
			folder := t.TempDir()
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "server"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "server/token"), []byte("secret\n"), 0o600))
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
