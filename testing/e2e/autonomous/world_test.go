// Package autonomous plays the deployment option autonomous: the real ansible-playbook with the collection's roles, playbooks and binaries,
// against Debian machines and the k3s of the tests.
package autonomous

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
	"github.com/metal-stack/initial-cluster/testing/machines"
	"github.com/metal-stack/initial-cluster/testing/play"
)

// world is machines, a mirror of k3s' releases, and a home to run Ansible from.
type world struct {
	testing.TB
	home     string
	network  *machines.Network
	machines map[string]*machines.Machine
	mirror   string
	ansible  *play.Controller
}

func newWorld(t testing.TB, names ...string) *world {
	t.Helper()
	for _, version := range k3stest.Versions {
		k3stest.Find(t, version) // which skips without the k3s of the tests
	}
	network, all := machines.Run(t, names...)
	w := &world{TB: t, home: t.TempDir(), network: network, machines: map[string]*machines.Machine{}}
	for i, name := range names {
		w.machines[name] = all[i]
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(network.Gateway().String(), "0"))
	require.NoError(t, err)
	server := &http.Server{Handler: k3stest.NewMirror(t, k3stest.Versions...)}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	w.mirror = "http://" + listener.Addr().String()
	w.inventory(names...)
	return w
}

// inventory is of the machines: those whose names begin with s are servers.
func (w *world) inventory(names ...string) {
	w.Helper()
	w.ansible = &play.Controller{
		Folder: w.home, Collections: absolute(w.TB, ".cache/collections"), Python: absolute(w.TB, ".cache/venv/bin/python"), Tree: os.Getenv("E2E_ANSIBLE"),
	}
	w.ansible.Local("localhost")
	groups := map[bool][]string{}
	for _, name := range names {
		w.ansible.Remote(name, w.machines[name].Options())
		groups[strings.HasPrefix(name, "s")] = append(groups[strings.HasPrefix(name, "s")], name)
	}
	w.ansible.Group("k3s_servers", groups[true]...)
	w.ansible.Group("k3s_agents", groups[false]...)
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join("../../..", path))
	require.NoError(t, err)
	return absolute
}

// variables are what a deployment says, for machines that are small.
func (w *world) variables(version string, more map[string]any) map[string]any {
	all := map[string]any{
		"k3s_version": version, "k3s_token": "hunter2", "k3s_download_url": w.mirror + "/k3s-io/k3s/releases/download",
		"k3s_kubeconfig": filepath.Join(w.home, "kubeconfig"), "k3s_prepare_cores": 1, "k3s_prepare_memory_gb": 1, "k3s_prepare_disks": 0,
		"k3s_prepare_time_sync": false, "k3s_prepare_packages": []string{}, "k3s_prepare_sysctl": map[string]any{}, "k3s_node_cidr": "10.199.0.0/16",
		"k3s_prepare_kernel_modules": []string{"overlay"}, "k3s_prepare_max_clock_skew": 300, // a busy machine takes long to ask
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// run is what came of a run of ansible-playbook.
type run struct {
	output string
	failed bool
	tasks  []play.Result
}

// prepare is a run of a playbook of the collection, with variables as --extra-vars, that is not started yet.
func (w *world) prepare(ctx context.Context, playbook string, variables map[string]any, arguments ...string) *play.Run {
	w.Helper()
	return w.prepareText(ctx, "- ansible.builtin.import_playbook: metalstack.initial_cluster."+playbook+"\n", variables, arguments...)
}

// prepareText is the same with a playbook of the test's own.
func (w *world) prepareText(ctx context.Context, text string, variables map[string]any, arguments ...string) *play.Run {
	w.Helper()
	content, err := json.Marshal(variables)
	require.NoError(w, err)
	file := filepath.Join(w.home, "variables.json")
	require.NoError(w, os.WriteFile(file, content, 0o600))
	p, err := w.ansible.Playbook(ctx, text, append([]string{"--extra-vars", "@" + file}, arguments...)...)
	require.NoError(w, err)
	return p
}

func (w *world) play(playbook string, variables map[string]any, arguments ...string) run {
	w.Helper()
	begin := time.Now()
	r := w.playText("- ansible.builtin.import_playbook: metalstack.initial_cluster."+playbook+"\n", variables, arguments...)
	w.Logf("%s %s: %s", playbook, strings.Join(arguments, " "), time.Since(begin).Round(time.Second))
	return r
}

// playTimeout bounds a playbook. On a busy machine one has taken nine minutes.
const playTimeout = 20 * time.Minute

func (w *world) playText(text string, variables map[string]any, arguments ...string) run {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), playTimeout)
	defer cancel()
	p := w.prepareText(ctx, text, variables, arguments...)
	output, err := p.CombinedOutput()
	r := run{output: string(output), failed: err != nil}
	r.tasks, err = p.Results()
	require.NoError(w, err, r.output)
	assert.NotContains(w, r.output, "hunter")
	return r
}

// apply plays what must not fail.
func (w *world) apply(playbook string, variables map[string]any, arguments ...string) run {
	w.Helper()
	r := w.play(playbook, variables, arguments...)
	require.False(w, r.failed, r.output)
	return r
}

// checked plays in check mode, which must neither fail nor change anything.
func (w *world) checked(playbook string, variables map[string]any, arguments ...string) run {
	w.Helper()
	before := w.traces()
	r := w.apply(playbook, variables, append([]string{"--check", "--diff"}, arguments...)...)
	assert.Equal(w, before, w.traces(), "%s %v: check mode has changed something\n%s", playbook, arguments, r.output)
	return r
}

// traces are what a playbook could change on the machines: files, of which one that is written again is another, the starts of k3s, and what
// the cluster has.
func (w *world) traces() map[string]string {
	w.Helper()
	all := map[string]string{}
	for name := range w.machines {
		all[name] = w.on(name, "sh", "-c", `find /etc /usr/local /var/lib/k3s-snapshots -xdev -type f -printf '%p %m %i %s %T@\n' 2>/dev/null | sort
			systemctl show --property=ActiveEnterTimestampMonotonic,NRestarts k3s k3s-agent
			if [ -e /etc/rancher/k3s/k3s.yaml ]; then
				k3s kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.uid} {.spec}{"\n"}{end}'
				sha256sum /var/lib/rancher/k3s/server/token /var/lib/rancher/k3s/server/cred/encryption-config.json /var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt
			fi`)
	}
	return all
}

// with are variables with another value for one.
func with(variables map[string]any, name string, value any) map[string]any {
	all := maps.Clone(variables)
	all[name] = value
	return all
}

// changes are those that the recap counts, all hosts together.
func (r run) changes() (count int) {
	_, recap, _ := strings.Cut(r.output, "PLAY RECAP")
	for _, word := range strings.Fields(recap) {
		var n int
		if _, err := fmt.Sscanf(word, "changed=%d", &n); err == nil {
			count += n
		}
	}
	return count
}

// told is the message of the last task, which failed.
func (r run) told(t testing.TB) string {
	t.Helper()
	require.True(t, r.failed, r.output)
	require.NotEmpty(t, r.tasks, r.output)
	return fmt.Sprint(r.tasks[len(r.tasks)-1].Values["msg"])
}

// on runs a command on a machine.
func (w *world) on(name string, words ...string) string {
	w.Helper()
	said, err := w.try(name, words...)
	require.NoError(w, err)
	return said
}

// try runs one that may fail.
func (w *world) try(name string, words ...string) (string, error) {
	w.Helper()
	h, err := w.machines[name].Open(w.Context())
	if err != nil {
		return "", err
	}
	defer h.Close()
	out, err := h.Run(w.Context(), host.Words(words...))
	return strings.TrimSpace(out.Stdout), err
}

func (w *world) kubectl(name string, words ...string) string {
	w.Helper()
	return w.on(name, append([]string{"k3s", "kubectl"}, words...)...)
}

// nodes are the nodes with their versions and whether they are Ready, as a server sees them.
func (w *world) nodes(server string) string {
	w.Helper()
	return w.kubectl(server, "get", "nodes", "--sort-by=.metadata.name", "-o",
		`jsonpath={range .items[*]}{.metadata.name}={.status.nodeInfo.kubeletVersion}/{.status.conditions[?(@.type=="Ready")].status}/{.spec.unschedulable} {end}`)
}

// starts are when k3s was started on the machines.
func (w *world) starts(names ...string) (all []string) {
	w.Helper()
	for _, name := range names {
		unit := "k3s"
		if !strings.HasPrefix(name, "s") {
			unit = "k3s-agent"
		}
		all = append(all, w.on(name, "systemctl", "show", "--property=ActiveEnterTimestampMonotonic", unit))
	}
	return all
}

// eventually lets the condition look until nothing in it fails.
func (w *world) eventually(condition func(w *world), what string) {
	w.Helper()
	require.EventuallyWithT(w, func(look *assert.CollectT) {
		during := *w
		during.TB = attempt{w.TB, look}
		condition(&during)
	}, 10*time.Minute, time.Second, what)
}

// attempt is one look at a condition: what fails in it fails the look, and not the test.
type attempt struct {
	testing.TB
	look *assert.CollectT
}

func (a attempt) Errorf(format string, arguments ...any) { a.look.Errorf(format, arguments...) }
func (a attempt) FailNow()                               { a.look.FailNow() }
