package autonomous

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// site is a cluster whose backups lie on a machine of their own, and the keys that its people have.
type site struct {
	*world
	variables map[string]any // of k3s; the test says when there is a backup
	keys      map[string]any // and stores
	image     string         // of the workload, which no registry has
}

// newSite makes the keys and the machine for backups, and lets the nodes log in there.
func newSite(t *testing.T, names ...string) *site {
	t.Helper()
	image := string(k3stest.Image(t, "example.org/web:test", "../../k3stest/testdata/web"))
	s := &site{world: newWorld(t, append(names, "b1")...), image: image}
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	store := map[string]any{"sftp": map[string]any{
		"path": "/srv", "ssh": map[string]any{
			"host": s.machines["b1"].Address.String(), "user": "root", "key_file": "/root/store_key", "known_hosts": []string{"/root/store_hosts"},
		},
	}}
	s.variables = s.world.variables(k3stest.Versions[0], nil)
	s.keys = map[string]any{
		"etcd_backup_cluster": "initial", "etcd_backup_stores": []any{store}, "etcd_backup_identities": identity.String(), "etcd_backup_confirm": "initial",
		"etcd_backup_trusted_keys": []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}))},
		"etcd_backup_signing_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"etcd_backup_recipients":   []string{identity.Recipient().String()},
	}
	for _, name := range names {
		s.admit(name)
	}
	return s
}

// admit gives a machine the key of the store, and the image.
func (s *site) admit(name string) {
	s.Helper()
	s.on(name, "mkdir", "-p", "/var/lib/rancher/k3s/agent/images")
	s.write(name, "/var/lib/rancher/k3s/agent/images/web.tar", s.image)
	b := s.machines["b1"].Options()
	for from, to := range map[string]string{b.KeyFile: "/root/store_key", b.KnownHosts[0]: "/root/store_hosts"} {
		content, err := os.ReadFile(from)
		require.NoError(s, err)
		s.write(name, to, string(content))
	}
}

func (s *site) write(name, path, content string) {
	s.Helper()
	s.put(name, host.Text(path, 0o600, content))
}

// fresh are machines that were not there before.
func (s *site) fresh(names ...string) {
	s.Helper()
	for _, name := range names {
		m, err := s.network.Add(s.Context(), name)
		require.NoError(s, err)
		s.machines[name] = m
		s.admit(name)
	}
}

// destroy takes the power of machines, and their disks.
func (s *site) destroy(names ...string) {
	s.Helper()
	for _, name := range names {
		require.NoError(s, s.machines[name].PowerCut(s.Context()))
		require.NoError(s, s.machines[name].NewDisk())
	}
}

const backup = `
- hosts: k3s_servers[0]
  become: true
  gather_facts: false
  tasks:
    - metalstack.initial_cluster.etcd_backup:
        cluster: "{{ etcd_backup_cluster }}"
        stores: "{{ etcd_backup_stores }}"
        signing_key: "{{ etcd_backup_signing_key }}"
        recipients: "{{ etcd_backup_recipients }}"
        answer_timeout: 60
`

// backup takes one and gives what the module tells of it.
func (s *site) backup() map[string]any {
	s.Helper()
	r := s.playText(backup, s.with(nil))
	require.False(s, r.failed, r.output)
	values := r.tasks[len(r.tasks)-1].Values
	require.NotEmpty(s, values["backup"], r.output)
	return values["backup"].(map[string]any)
}

// with are the variables of a restore.
func (s *site) with(more map[string]any) map[string]any {
	all := maps.Clone(s.variables)
	maps.Copy(all, s.keys)
	maps.Copy(all, more)
	return all
}

// restored is what the module tells of a restore.
func (r run) restored(t *testing.T) (restore map[string]any) {
	t.Helper()
	for _, task := range r.tasks {
		if found, ok := task.Values["restore"].(map[string]any); ok && found["backup"] != nil {
			restore = found
		}
	}
	require.NotNil(t, restore, r.output)
	return restore
}

// load writes to the cluster as fast as it takes it, until it is gone.
type load struct {
	mutex sync.Mutex
	text  strings.Builder
	ended chan struct{}
}

func (l *load) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

// acknowledged is how many writes the cluster has acknowledged.
func (l *load) acknowledged() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Count(l.text.String(), " created\n")
}

func (s *site) load(name string) *load {
	s.Helper()
	h, err := s.machines[name].Open(s.Context())
	require.NoError(s, err)
	l := &load{ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		_, _ = h.Run(s.Context(), host.Command{Words: []string{"sh", "-c",
			"k3s kubectl create namespace load; i=1; while :; do k3s kubectl -n load create configmap load-$i --from-literal=a=b && i=$((i+1)); done"}, Stdout: l}) // it ends with the machine
		_ = h.Close()
	}()
	return l
}

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.org/web:test", imagePullPolicy: Never, volumeMounts: [{name: data, mountPath: /data}]}]
      volumes: [{name: data, emptyDir: {}}]
`

func (s *site) ready(server string, names ...string) {
	s.Helper()
	var want []string
	for _, name := range names {
		want = append(want, name+"="+k3stest.Versions[0]+"/True/")
	}
	s.eventually(func(w *world) { assert.Equal(w, strings.Join(want, " "), w.nodes(server)) }, "all nodes are there and Ready, and no others: "+strings.Join(names, ", "))
}

// available tells whether all pods of the workload run.
func (s *site) available(server string) {
	s.Helper()
	s.eventually(func(w *world) {
		assert.Equal(w, "1 3", w.kubectl(server, "get", "deployment", "web", "-o", "jsonpath={.status.observedGeneration} {.status.availableReplicas}"))
	}, "the workload runs")
}

func TestADisaster(t *testing.T) {
	s := newSite(t, "s1", "s2", "s3", "a1")
	s.inventory("s1", "a1")
	s.apply("autonomous", s.variables, "--skip-tags", "etcd_backup")
	alone := s.starts("s1", "a1")
	s.inventory("s1", "s2", "s3", "a1")
	s.apply("autonomous", s.variables, "--skip-tags", "etcd_backup")
	assert.Equal(t, alone, s.starts("s1", "a1"), "two servers more restart nobody")
	s.write("s1", "/root/web.yaml", workload)
	s.kubectl("s1", "apply", "-f", "/root/web.yaml")
	s.available("s1")
	kubeconfig, err := os.ReadFile(filepath.Join(s.home, "kubeconfig"))
	require.NoError(t, err)

	l := s.load("s1")
	s.eventually(func(w *world) { assert.Greater(w, l.acknowledged(), 5) }, "the cluster takes writes")
	before := l.acknowledged() - 1 // all but the namespace
	taken := s.backup()
	reached := l.acknowledged()
	s.eventually(func(w *world) { assert.Greater(w, l.acknowledged(), reached+2) }, "more is written after the backup")
	s.destroy("s1", "s2", "s3")
	<-l.ended
	acknowledged := l.acknowledged() - 1

	// On hosts of other names and addresses.
	s.fresh("s4", "s5", "s6")
	s.inventory("s4", "s5", "s6", "a1")
	refused := s.play("restore", s.with(map[string]any{"etcd_backup_confirm": "initail"}))
	assert.Equal(t, `confirm: refusing to restore initial: "initail" was typed; type the cluster's name`, refused.told(t))
	look := s.apply("restore", s.with(nil), "--check")
	assert.Equal(t, "", s.on("s4", "sh", "-c", "ls -d /var/lib/rancher/k3s/server /usr/local/bin/k3s 2>/dev/null || :"), look.output)

	begin := time.Now()
	r := s.apply("restore", s.with(nil))
	s.available("s4")
	rto := time.Since(begin)
	told := r.restored(t)
	assert.Equal(t, taken["name"], told["backup"])
	assert.Equal(t, taken["keys"], told["keys"], "every key of the backup is there")
	s.ready("s4", "a1", "s4", "s5", "s6")
	has := strings.Count(s.kubectl("s4", "-n", "load", "get", "configmaps", "-o", "name"), "/load-")
	assert.GreaterOrEqual(t, has, before, "what was acknowledged before the backup is there")
	t.Logf("RTO: %s to a cluster with its workload, of which %v s from the store to a server with all keys; RPO: %d of %d acknowledged writes lost, all of them after the backup",
		rto.Round(time.Second), told["seconds"], acknowledged-has, acknowledged)

	// Who had access has it.
	s.write("s5", "/root/kubeconfig", regexp.MustCompile(`server: .*`).ReplaceAllString(string(kubeconfig), "server: https://"+s.machines["s6"].Address.String()+":6443"))
	assert.Equal(t, "web", s.kubectl("s5", "--kubeconfig=/root/kubeconfig", "get", "deployments", "-o", "jsonpath={.items[*].metadata.name}"))

	starts := s.starts("s4", "s5", "s6", "a1")
	again := s.apply("restore", s.with(nil))
	assert.Equal(t, 0, again.changes(), again.output)
	assert.Equal(t, starts, s.starts("s4", "s5", "s6", "a1"))

	// Two of three are lost, and come back with new disks and their names. Which backup it is to be now must be said.
	newest := s.backup()["name"]
	s.destroy("s5", "s6")
	for _, name := range []string{"s5", "s6"} {
		require.NoError(t, s.machines[name].PowerOn(t.Context()))
		s.admit(name)
	}
	require.NoError(t, s.ansible.Disconnect())
	assert.Contains(t, s.play("restore", s.with(nil)).told(t), fmt.Sprintf("the newest backup %s is one of the cluster since; name the one to restore", newest))
	s.apply("restore", s.with(map[string]any{"etcd_backup_name": newest}))
	s.ready("s4", "a1", "s4", "s5", "s6")
	s.available("s4")
}

// damage is to a content where it lies.
func (o *objects) damage(t *testing.T, name string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(o.Folder, o.bucket, name), os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte("damaged"), 5000)
	require.NoError(t, errors.Join(err, file.Close()))
}

// A single server is lost, its newest backup is damaged, and its people come with the wrong keys first.
func TestASingleServerComesBackElsewhere(t *testing.T) {
	s := newSite(t, "s1")
	o := newObjects(s.world)
	s.keys["etcd_backup_stores"] = []any{map[string]any{"s3": o.where}}
	s.inventory("s1")
	s.apply("autonomous", s.variables, "--skip-tags", "etcd_backup")
	older := s.backup()["name"]
	s.kubectl("s1", "create", "namespace", "later")
	newest := s.backup()["name"]
	s.destroy("s1")
	s.fresh("s2")
	o.admit(s.world, "s2")
	s.inventory("s2")
	o.damage(t, fmt.Sprint("initial/", newest, "/content.tar.zst.age"))
	stranger, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	for name, refused := range map[string]struct {
		variables map[string]any
		told      string
	}{
		"a damaged backup": {nil, "nothing was touched. Look for another copy or an earlier version of it, or say fallback to take an older one"},
		"another identity": {map[string]any{"etcd_backup_identities": stranger.String(), "etcd_backup_fallback": true}, "none of the identities opens it"},
		"another token":    {map[string]any{"k3s_token": "hunter3", "etcd_backup_fallback": true}, "the bootstrap data in the snapshot is of another token"},
	} {
		assert.Contains(t, s.play("restore", s.with(refused.variables)).told(t), refused.told, name)
	}

	// The module is killed while k3s takes the data, and the next run goes on.
	with := s.with(map[string]any{"etcd_backup_fallback": true})
	killed := s.prepare(t.Context(), "restore", with)
	killed.Stdout, killed.Stderr = io.Discard, io.Discard
	require.NoError(t, killed.Start())
	s.on("s2", "timeout", "300", "sh", "-c", `until grep -qs '"phase": "begun"' /var/lib/rancher/k3s/server/db/restore.json; do sleep 0.1; done
		for p in /proc/[0-9]*; do case $(readlink $p/exe) in *etcd_backup*) kill -9 ${p#/proc/};; esac; done`)
	require.Error(t, killed.Wait())
	r := s.apply("restore", with)
	told := r.restored(t)
	assert.Equal(t, older, told["backup"])
	t.Logf("a single server: %v s", told["seconds"])
	s.ready("s2", "s2")
	assert.Equal(t, 0, s.apply("restore", with).changes())
}
