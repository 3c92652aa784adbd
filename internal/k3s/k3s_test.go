package k3s

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

func TestAnEnvironmentIsReadBack(t *testing.T) {
	t.Parallel()
	env := map[string]string{"HTTP_PROXY": "http://u:p$a`b\"c\\d@proxy:3128", "NO_PROXY": "10.0.0.0/8,.svc", "EMPTY": ""}
	text := formatEnvironment(env)
	assert.Equal(t, "EMPTY=\"\"\nHTTP_PROXY=\"http://u:p\\$a\\`b\\\"c\\\\d@proxy:3128\"\nNO_PROXY=\"10.0.0.0/8,.svc\"\n", text)
	assert.Equal(t, env, parseEnvironment(text))
	assert.Equal(t, map[string]string{"K3S_TOKEN": "a", "B": "c d"}, parseEnvironment("# by install.sh\nK3S_TOKEN='a'\nexport B=\"c d\"\nnothing\n"))
}

func TestLabelsAndTaintsThatWereNotGivenHereStay(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"rack=b", "new=1", "old-"}[1:], labelWords(
		map[string]string{"rack": "b", "old": "x", "kubernetes.io/os": "linux"}, map[string]string{"rack": "b", "new": "1"}, map[string]string{"old": "x", "gone": "y"}))
	has := []taint{{"own", "yes", "NoSchedule"}, {"theirs", "", "NoExecute"}, {"old", "a", "NoSchedule"}}
	assert.Equal(t, []string{"own=no:NoSchedule", "old:NoSchedule-"}, taintWords(has, []string{"own=no:NoSchedule"}, []string{"own=yes:NoSchedule", "old=a:NoSchedule"}))
	assert.Empty(t, taintWords(has, []string{"own=yes:NoSchedule", "theirs:NoExecute"}, nil))
	assert.Equal(t, "theirs:NoExecute", has[1].String())
}

func TestSecretsOfSettingsAreHidden(t *testing.T) {
	t.Parallel()
	config := map[string]any{
		"datastore-endpoint": "postgres://u:p@db", "etcd-s3-secret-key": "s", "token-file": "/etc/rancher/k3s/token", "disable": []any{"traefik"},
		"kube-apiserver-arg": []any{"oidc-client-secret=o", "v=2"}, "etcd-s3-proxy": "http://u:q%40r@proxy:3128", "max": 3, "secrets-encryption": true,
		"configs": map[string]any{"registry.example.com": map[string]any{"auth": map[string]any{"username": "u", "password": 4711}}},
		"mirrors": map[string]any{"docker.io": map[string]any{"endpoint": []any{"https://mirror.example.com"}}},
	}
	assert.Equal(t, map[string]any{
		"datastore-endpoint": hidden, "etcd-s3-secret-key": hidden, "token-file": "/etc/rancher/k3s/token", "disable": []any{"traefik"},
		"kube-apiserver-arg": []any{"oidc-client-secret=" + hidden, "v=2"}, "etcd-s3-proxy": "http://u:" + hidden + "@proxy:3128", "max": 3, "secrets-encryption": true,
		"configs": map[string]any{"registry.example.com": map[string]any{"auth": map[string]any{"username": "u", "password": hidden}}},
		"mirrors": map[string]any{"docker.io": map[string]any{"endpoint": []any{"https://mirror.example.com"}}},
	}, masked("", config, config))
	assert.ElementsMatch(t, []string{"postgres://u:p@db", "s", "o", "q%40r", "q@r", "4711"}, Secrets(config))
}

// What the running k3s was started with is held against what is wanted, whichever run has written that.
func TestAStartIsWantedOnlyForWhatDiffers(t *testing.T) {
	t.Parallel()
	want := running{binary: "b1", version: "v1", settings: settings.Settings{"disable": {"traefik"}, "token": {"t"}}, environment: map[string]string{}}
	found := func(s settings.Settings, data string, r *record) *Node {
		n := &Node{binary: binary{sum: "b1", version: "v1"}, settings: s, data: data, record: r, files: map[string]file{}, given: "t", role: service.Server, state: service.State{Running: true, Run: "run"}}
		n.system = environmentless{}
		return n
	}
	same := settings.Settings{"disable": {"traefik"}, "token-file": {"/token"}}
	done := &record{Start: want.sums(service.Server), Before: "earlier"}
	for name, c := range map[string]struct {
		node *Node
		want []string
	}{
		"somebody else's, the same":             {found(same, etcdData, nil), nil},
		"somebody else's, said otherwise":       {found(settings.Settings{"disable": {"traefik"}, "data-dir": {defaultDataDir}, "server": {"https://a:6443"}, "cluster-init": {"true"}}, etcdData, nil), nil},
		"without data it matters how it joins":  {found(settings.Settings{"disable": {"traefik"}, "cluster-init": {"true"}}, sqliteData, nil), []string{"cluster-init"}},
		"labels are set through the API":        {found(settings.Settings{"disable": {"traefik"}, "node-label": {"a=b"}}, etcdData, nil), nil},
		"another setting":                       {found(settings.Settings{"kubelet-arg": {"a=b"}}, etcdData, nil), []string{"disable, kubelet-arg"}},
		"started here":                          {found(same, etcdData, done), nil},
		"the start was still to come":           {found(same, etcdData, &record{}), []string{"an earlier run has not come to it"}},
		"noted, but killed before it was given": {found(same, etcdData, &record{Start: done.Start, Before: "run"}), []string{"an earlier run has not come to it"}},
		"written by a run that did not start":   {found(same, etcdData, &record{Start: map[string]string{partSettings: "other", partBinary: "b1", partRegistries: done.Start[partRegistries], partEnvironment: done.Start[partEnvironment]}}), []string{partSettings}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, c.node.stale(want, service.Server))
		})
	}
}

// environmentless is an init system whose services have no environment.
type environmentless struct{ service.System }

func (environmentless) EnvironmentFile(string) string { return "/none" }

func TestAResetIsDoneOnceUntilTheNodeHasAnotherRelease(t *testing.T) {
	t.Parallel()
	n := &Node{record: &record{Reset: "before-s1-1"}, binary: binary{version: "v1.35.6+k3s1"}}
	assert.False(t, n.resets(Want{Reset: &Reset{Snapshot: "before-s1-1"}}))
	assert.False(t, n.resets(Want{Reset: &Reset{Snapshot: "/srv/snapshots/before-s1-1"}}))
	assert.True(t, n.resets(Want{Reset: &Reset{Snapshot: "before-s1-2"}}))
	assert.False(t, n.resets(Want{}))
	assert.True(t, (&Node{}).resets(Want{Reset: &Reset{Snapshot: "before-s1-1"}}))
	for name, p := range map[string]Plan{
		"before-s1-1": {Node: n, target: n.binary},
		"":            {Node: n, target: binary{version: "v1.36.3+k3s1"}},
		"before-s1-2": {Node: n, target: binary{version: "v1.36.3+k3s1"}, want: Want{Reset: &Reset{Snapshot: "before-s1-2"}}},
	} {
		assert.Equal(t, name, p.nextRecord().Reset)
	}
}

// What a node has been given is forgotten when it has gone, and not when somebody no longer wants it: or else nobody takes it away.
func TestLabelsAndTaintsAreRememberedAsLongAsTheyAreThere(t *testing.T) {
	t.Parallel()
	before := &record{Labels: map[string]string{"rack": "a"}, Taints: []string{"own=yes:NoSchedule", "new=1:NoSchedule"}}
	want := Want{Labels: map[string]string{"room": "b"}, Taints: []string{"new=1:NoSchedule"}}
	there := []taint{{"own", "yes", "NoSchedule"}}
	for name, c := range map[string]struct {
		plan   Plan
		labels map[string]string
		taints []string
	}{
		"before its first start":             {Plan{Node: &Node{}}, want.Labels, want.Taints},
		"while it is started":                {Plan{Node: &Node{record: before}}, map[string]string{"rack": "a", "room": "b"}, []string{"new=1:NoSchedule", "own=yes:NoSchedule"}},
		"a server has changed its own":       {Plan{Node: &Node{record: before}, labelled: true, tainted: there}, want.Labels, want.Taints},
		"an agent may not":                   {Plan{Node: &Node{record: before}, labelled: true, tainted: there}, want.Labels, []string{"new=1:NoSchedule", "own=yes:NoSchedule"}},
		"an agent whose taint somebody took": {Plan{Node: &Node{record: before}, labelled: true}, want.Labels, want.Taints},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.plan.want = want
			c.plan.want.Role = service.Server
			if strings.HasPrefix(name, "an agent") {
				c.plan.want.Role = service.Agent
			}
			next := c.plan.nextRecord()
			assert.Equal(t, c.labels, next.Labels)
			assert.Equal(t, c.taints, next.Taints)
		})
	}
}

// A second run tells it again.
func TestAnAgentIsWarnedOfItsTaintsAsLongAsItHasThem(t *testing.T) {
	t.Parallel()
	n := &Node{host: says{said: `{"spec": {"taints": [{"key": "own", "value": "yes", "effect": "NoSchedule"}]}}`}, record: &record{Taints: []string{"own=yes:NoSchedule"}}, state: service.State{Active: true}}
	n.hostname = "a1"
	for range 2 {
		p := &Plan{Node: n, want: Want{Role: service.Agent}}
		assert.NoError(t, p.planLabels(t.Context()))
		assert.Equal(t, []string{"an agent may not change its taints; run on a server: k3s kubectl taint node a1 --overwrite own:NoSchedule-"}, p.Warnings())
		assert.Empty(t, p.Steps())
		next := p.nextRecord()
		n.record = &next
	}
}

// says is a host on which every command says the same.
type says struct {
	host.Host
	said string
}

func (s says) Run(context.Context, host.Command) (host.Output, error) {
	return host.Output{Stdout: s.said}, nil
}
