package k3s

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// units is an init system whose service is one file.
type units struct{ service.System }

const unitPath, environmentPath = "/etc/systemd/system/k3s.service", "/etc/systemd/system/k3s.service.env"

func (units) EnvironmentFile(string) string { return environmentPath }

func (units) Files(service.Definition) []host.File {
	return []host.File{host.Text(unitPath, 0o644, "ExecStart=/usr/local/bin/k3s server\n")}
}

func nothing(context.Context) error { return nil }

// planned has one step, and files as they are and as they are to be.
func planned(state string, were map[string]string, will ...text) *Plan {
	n := &Node{system: units{}, files: map[string]file{}, role: service.Server, state: service.State{Active: true}, binary: binary{version: "v1"}, settings: settings.Settings{}}
	for name, content := range were {
		n.files[name] = file{text: content, info: host.Info{Mode: 0o600}}
	}
	p := &Plan{Node: n, want: Want{Role: service.Server, State: state}, ran: true, target: n.binary, texts: will}
	p.add(nothing, "do something")
	return p
}

// What a run replaces is no less a secret than what it writes.
func TestADiffTellsNoSecretOfWhatWasThere(t *testing.T) {
	t.Parallel()
	p := planned(Present, map[string]string{
		environmentPath: "K3S_DATASTORE_ENDPOINT='mysql://root:s3cret-a@tcp(db)/k3s'\nexport HTTPS_PROXY=http://u:s3cret-b@proxy:3128\nAWS_SECRET_ACCESS_KEY=s3cret-c\nGOGC=50\n",
		unitPath: "[Service]\nEnvironment=\"DB_PASSWORD=s3cret-d\"\nExecStart=/usr/local/bin/k3s server \\\n\t'--etcd-s3-secret-key' \\\n\t's3cret-e' \\\n\t--token=s3cret-f --agent-token \"s3cret g\" \\\n" +
			"\t--etcd-s3-proxy http://u:s3cret-h@p '--disable=traefik'\n",
		settings.DropIn("10-ours"):        "vpn-auth: s3cret-i\n",
		"/manifests/old.yaml":             "apiVersion: v1\nkind: Secret\ndata: {a: s3cret-j}\n",
		"/manifests/several.yaml":         "kind: A\n---\nkind: B\n",
		settings.Folder + "/other.config": "x",
	},
		text{path: environmentPath, mode: 0o600, content: "HTTPS_PROXY=\"http://u:s3cret-k@proxy:3128\"\n"},
		text{path: unitPath, mode: 0o644, content: "ExecStart=/usr/local/bin/k3s server\n"},
		text{path: settings.DropIn("10-ours"), mode: 0o600, content: "vpn-auth: s3cret-l\n"},
		text{path: "/manifests/old.yaml", mode: 0o600, content: "kind: Namespace\n"},
		text{path: "/manifests/several.yaml", mode: 0o600, content: "kind: A\n---\nkind: C\n"},
	)
	p.settings = settings.FromArguments([]string{"--etcd-s3-secret-key", "s3cret-e", "--token=s3cret-f", "--agent-token", "s3cret g"})
	before, after := p.Diff()
	assert.NotContains(t, fmt.Sprint(before, after), "s3cret")
	assert.Equal(t, map[string]any{
		"k3s":           "v1",
		environmentPath: map[string]any{"K3S_DATASTORE_ENDPOINT": hidden, "HTTPS_PROXY": "http://u:(hidden)@proxy:3128", "AWS_SECRET_ACCESS_KEY": hidden, "GOGC": "50"},
		unitPath: "[Service]\nEnvironment=\"DB_PASSWORD=(hidden)\"\nExecStart=/usr/local/bin/k3s server \\\n\t'--etcd-s3-secret-key' \\\n\t'(hidden)' \\\n\t--token=(hidden) --agent-token \"(hidden)\" \\\n" +
			"\t--etcd-s3-proxy http://u:(hidden)@p '--disable=traefik'\n",
		settings.DropIn("10-ours"): map[string]any{"vpn-auth": hidden},
		"/manifests/old.yaml":      "a secret",
		"/manifests/several.yaml":  "kind: A\n---\nkind: B\n",
	}, before)
	assert.Equal(t, map[string]any{
		"k3s":                      "v1",
		environmentPath:            map[string]any{"HTTPS_PROXY": "http://u:(hidden, another one)@proxy:3128"},
		unitPath:                   "ExecStart=/usr/local/bin/k3s server\n",
		settings.DropIn("10-ours"): map[string]any{"vpn-auth": hiddenOther},
		"/manifests/old.yaml":      "kind: Namespace\n",
		"/manifests/several.yaml":  "kind: A\n---\nkind: C\n",
	}, after)
	assert.Subset(t, p.Secrets(), []string{"mysql://root:s3cret-a@tcp(db)/k3s", "s3cret-b", "s3cret-c", "s3cret-e", "s3cret-f", "s3cret g", "s3cret-i"})
}

func TestADiffShowsWhatChangesAndNothingElse(t *testing.T) {
	t.Parallel()
	registries := func(mirror, password string) string {
		return "mirrors: {docker.io: {endpoint: [" + mirror + "]}}\nconfigs: {r: {auth: {username: u, password: " + password + "}}}\n"
	}
	values := func(mirror, password string) any {
		return map[string]any{
			"mirrors": map[string]any{"docker.io": map[string]any{"endpoint": []any{mirror}}},
			"configs": map[string]any{"r": map[string]any{"auth": map[string]any{"username": "u", "password": password}}},
		}
	}
	wanted := text{path: settings.RegistriesFile, mode: 0o600, content: registries("https://new", "1")}
	for name, c := range map[string]struct {
		plan        *Plan
		was, will   any // of the file
		runs, swept bool
	}{
		"another mirror":     {planned(Present, map[string]string{settings.RegistriesFile: registries("https://old", "1")}, wanted), values("https://old", hidden), values("https://new", hidden), true, false},
		"another password":   {planned(Present, map[string]string{settings.RegistriesFile: registries("https://new", "2")}, wanted), values("https://new", hidden), values("https://new", hiddenOther), true, false},
		"other words":        {planned(Present, map[string]string{settings.RegistriesFile: "# by hand\n" + wanted.content}, wanted), "the same, written in another way", values("https://new", hidden), true, false},
		"another mode":       {planned(Present, map[string]string{settings.RegistriesFile: wanted.content}, text{path: wanted.path, mode: 0o640, content: wanted.content}), "mode 0600", "mode 0640", true, false},
		"the same":           {planned(Present, map[string]string{settings.RegistriesFile: wanted.content}, wanted), nil, nil, true, false},
		"a new file":         {planned(Present, nil, wanted), nil, values("https://new", hidden), true, false},
		"it stops":           {planned(Stopped, nil), nil, nil, false, false},
		"and its pods do":    {planned(Killed, nil), nil, nil, false, true},
		"it is only written": {planned(Installed, nil, wanted), nil, values("https://new", hidden), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.plan.sweeps = c.swept
			was, will := map[string]any{"k3s": "v1"}, map[string]any{"k3s": "v1"}
			if !c.runs {
				was["running"], will["running"] = true, false
			}
			if c.swept {
				was["pods"] = "with mounts and network"
			}
			for side, value := range map[string]any{"was": c.was, "will": c.will} {
				if value != nil {
					map[string]map[string]any{"was": was, "will": will}[side][settings.RegistriesFile] = value
				}
			}
			before, after := c.plan.Diff()
			assert.Equal(t, was, before)
			assert.Equal(t, will, after)
		})
	}
	before, after := (&Plan{Node: &Node{}}).Diff()
	assert.Nil(t, before)
	assert.Nil(t, after, "nothing is to be done")
}
