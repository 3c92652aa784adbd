package autonomous

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/etcdtest"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

const (
	metricsFile = "/var/lib/prometheus/node-exporter/etcd_backup.prom"
	authority   = "/etc/ssl/objects.pem"
)

// objects is object storage that the machines reach, and what a deployment says of it.
type objects struct {
	*storetest.S3
	bucket    string
	where     map[string]any
	authority string
}

func newObjects(w *world) *objects {
	w.Helper()
	s := storetest.StartS3(w)
	authorities, err := certtest.NewAuthority(w.TempDir())
	require.NoError(w, err)
	certificate, err := authorities.ServerCertificate(w.network.Gateway().String())
	require.NoError(w, err)
	listener, err := net.Listen("tcp", net.JoinHostPort(w.network.Gateway().String(), "0"))
	require.NoError(w, err)
	server := &http.Server{Handler: s.Proxy, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	go func() { _ = server.ServeTLS(listener, "", "") }() // it ends with Close
	w.Cleanup(func() { assert.NoError(w, server.Close()) })
	bucket := s.Bucket(w, minio.MakeBucketOptions{})
	o := &objects{s, bucket.Bucket, map[string]any{
		"endpoint": "https://" + listener.Addr().String(), "region": bucket.Region, "bucket": bucket.Bucket,
		"access_key": bucket.AccessKey, "secret_key": bucket.SecretKey, "ca_file": authority,
	}, string(authorities.PEM())}
	for name := range w.machines {
		o.admit(w, name)
	}
	return o
}

// admit gives a machine the authority that the storage's certificate is of.
func (o *objects) admit(w *world, name string) {
	w.Helper()
	w.put(name, host.Text(authority, 0o644, o.authority))
}

// backups are the names of those in the bucket.
func (o *objects) backups(w *world) []string {
	w.Helper()
	found, err := filepath.Glob(filepath.Join(o.Folder, o.bucket, "*/*/manifest.json"))
	require.NoError(w, err)
	for i := range found {
		found[i] = filepath.Base(filepath.Dir(found[i]))
	}
	return found
}

// put writes a file on a machine.
func (w *world) put(name string, f host.File) {
	w.Helper()
	h, err := w.machines[name].Open(w.Context())
	require.NoError(w, err)
	defer h.Close()
	_, err = h.Write(w.Context(), f)
	require.NoError(w, err)
}

// keys are those that an operator makes once.
func keys(t *testing.T) (signing, identity, recipient string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), key.String(), key.Recipient().String()
}

// etcd runs one that the machines reach, and gives its URL. That of k3s is backed up in the life of a cluster.
func etcd(w *world) (cluster *etcdtest.Cluster, url string) {
	w.Helper()
	cluster = etcdtest.Run(w, etcdtest.Options{})
	cluster.Fill(w, "/registry/", 100, 100)
	listener, err := net.Listen("tcp", net.JoinHostPort(w.network.Gateway().String(), "0"))
	require.NoError(w, err)
	w.Cleanup(func() { assert.NoError(w, listener.Close()) })
	inner := strings.TrimPrefix(cluster.Endpoint(0), "http://")
	go func() {
		for {
			outer, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go forward(outer, inner)
		}
	}()
	return cluster, "http://" + listener.Addr().String()
}

func forward(outer net.Conn, to string) {
	defer outer.Close()
	inner, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer inner.Close()
	go func() {
		_, _ = io.Copy(inner, outer) // its end is that of the connection
		_ = inner.Close()
	}()
	_, _ = io.Copy(outer, inner)
}

// backups is a world in which servers are to back up an etcd into object storage.
type backups struct {
	*world
	store     *objects
	etcd      *etcdtest.Cluster
	variables map[string]any
	secrets   []string
}

func newBackups(t *testing.T) *backups {
	t.Helper()
	w := newWorld(t, "s1", "s2")
	store := newObjects(w)
	signing, identity, recipient := keys(t)
	cluster, url := etcd(w)
	b := &backups{world: w, store: store, etcd: cluster, secrets: []string{identity, strings.Split(signing, "\n")[1], storetest.Secrets[0]}}
	b.variables = map[string]any{
		"etcd_backup_source": "etcd", "etcd_backup_endpoints": []string{url}, "etcd_backup_stores": []any{map[string]any{"s3": store.where}},
		"etcd_backup_recipients": []string{recipient}, "etcd_backup_signing_key": signing, "etcd_backup_identities": identity, "etcd_backup_answer_timeout": 60,
	}
	return b
}

// apply plays what must not fail, and shows no secret.
func (b *backups) apply(playbook string, arguments ...string) run {
	b.Helper()
	r := b.world.apply(playbook, b.variables, append(arguments, "--diff")...)
	b.secret(r.output)
	return r
}

// role plays the role on the hosts, and tells how many have changed.
func (b *backups) role(hosts string, arguments ...string) int {
	b.Helper()
	text := "- hosts: " + hosts + "\n  gather_facts: false\n  roles: [metalstack.initial_cluster.etcd_backup]\n"
	p := b.prepareText(b.Context(), text, b.variables, append(arguments, "--diff")...)
	output, err := p.CombinedOutput()
	require.NoError(b, err, "%s", output)
	b.secret(string(output))
	return run{output: string(output)}.changes()
}

func (b *backups) secret(text string) {
	b.Helper()
	for _, secret := range b.secrets {
		assert.NotContains(b, text, secret)
	}
}

// says waits until the service has said what matches, and gives all that it has: systemd knows earlier than journald that a service has ended.
func (w *world) says(name, pattern string) (said string) {
	w.Helper()
	w.eventually(func(w *world) {
		said = w.on(name, "journalctl", "--unit=etcd-backup.service", "--output=cat", "--no-pager")
		assert.Regexp(w, pattern, said)
	}, "the service says "+pattern)
	return said
}

// says is the world's, and what the service has said has no secret.
func (b *backups) says(name, pattern string) {
	b.Helper()
	b.secret(b.world.says(name, pattern))
}

func (b *backups) start(name string) {
	b.Helper()
	b.on(name, "systemctl", "start", "etcd-backup.service")
}

func TestServersBackUpEtcdByThemselves(t *testing.T) {
	b := newBackups(t)
	b.variables["etcd_backup_schedule"] = time.Now().UTC().Add(12*time.Hour).Format("15:04") + " UTC" // no timer comes in between
	assert.Equal(t, 2, b.role("k3s_servers", "--check"))
	assert.Equal(t, 2, b.role("k3s_servers"))
	assert.Equal(t, 0, b.role("k3s_servers"))
	for name := range b.machines {
		assert.Equal(t, "active", b.on(name, "systemctl", "is-active", "etcd-backup.timer"))
		assert.Equal(t, "600", b.on(name, "stat", "-c", "%a", "/etc/etcd-backup/options.json"))
		assert.NotContains(t, b.on(name, "cat", "/etc/etcd-backup/options.json"), "AGE-SECRET-KEY", "who takes backups cannot read them")
	}

	// One server takes it, and the next finds it.
	b.start("s1")
	require.Len(t, b.store.backups(b.world), 1)
	name := b.store.backups(b.world)[0]
	b.says("s1", "backup "+name+` of revision \d+ with \d+ keys \(\d+ KiB\) is in s3://`)
	b.start("s2")
	b.says("s2", "backup "+name+" is enough")
	for _, server := range []string{"s1", "s2"} {
		told := b.on(server, "cat", metricsFile)
		for _, line := range []string{
			`etcd_backup_last_run_success{cluster="initial"} 1`, `etcd_backup_failures_total{cluster="initial",step="backup"} 0`,
			fmt.Sprintf(`etcd_backup_backups{cluster="initial",store="s3://%s at %s",state="good"} 1`, b.store.bucket, b.store.where["endpoint"]),
		} {
			assert.Contains(t, told, line+"\n")
		}
		assert.Regexp(t, `etcd_backup_newest_timestamp_seconds\{cluster="initial",store="s3://[^"]+"\} \d+\n`, told)
	}

	// People restore one for a try on their own machine.
	elsewhere := *b
	elsewhere.variables = maps.Clone(b.variables)
	elsewhere.variables["etcd_backup_work_dir"] = filepath.Join(b.home, "work")
	here := maps.Clone(b.store.where)
	here["endpoint"], here["ca_file"] = b.store.URL, b.store.CAFile
	elsewhere.variables["etcd_backup_stores"] = []any{map[string]any{"s3": here}}
	elsewhere.apply("drill")

	// The one that is gone is replaced by the timer of the other, and nobody but the timers starts it.
	b.variables["etcd_backup_schedule"], b.variables["etcd_backup_schedule_delay"] = "*:0/1", 5
	b.variables["etcd_backup_on_failure"] = "alert@%n.service"
	b.put("s2", host.Text("/etc/systemd/system/alert@.service", 0o644, "[Service]\nType=oneshot\nExecStart=/bin/touch /run/alert-of-%i\n"))
	assert.Equal(t, 2, b.role("k3s_servers"))
	require.NoError(t, b.machines["s1"].PowerCut(t.Context()))
	b.etcd.Fill(t, "/later/", 10, 10)
	before := len(b.store.backups(b.world))
	b.eventually(func(w *world) { assert.Greater(w, len(b.store.backups(w)), before) }, "the other server takes a backup")

	b.store.Choose(func(*http.Request) storetest.Fault {
		return func(answer http.ResponseWriter, _ *http.Request, _ http.Handler) {
			answer.WriteHeader(http.StatusForbidden)
		}
	})
	// A run that was at work when the store began to refuse has its backup, and fails at a later step.
	b.says("s2", "etcd_backup --run: backup: no store can be reached: ")
	b.eventually(func(w *world) { assert.Equal(w, "failed", w.on("s2", "systemctl", "is-failed", "etcd-backup.service")) }, "the unit has failed")
	b.eventually(func(w *world) { assert.Contains(w, w.on("s2", "ls", "/run"), "alert-of-etcd-backup.service") }, "systemd starts what is to be started then")
	told := b.on("s2", "cat", metricsFile)
	assert.Contains(t, told, `etcd_backup_last_run_success{cluster="initial"} 0`+"\n")
	assert.Regexp(t, `etcd_backup_failures_total\{cluster="initial",step="backup"\} [1-9]`, told)
	assert.Contains(t, told, "etcd_backup_newest_timestamp_seconds{", "what was known is not forgotten")
	b.store.Choose(nil)

	b.variables["etcd_backup_state"] = "absent"
	assert.Equal(t, 1, b.role("s2", "--check"))
	assert.Equal(t, 1, b.role("s2"))
	left := len(b.store.backups(b.world))
	assert.Equal(t, 0, b.role("s2"))
	assert.Equal(t, "", b.on("s2", "sh", "-c", "ls -d /etc/etcd-backup /usr/local/lib/etcd-backup /etc/systemd/system/etcd-backup* /var/lib/etcd-backup "+metricsFile+
		" /var/lib/systemd/timers/*etcd-backup* 2>/dev/null || :"))
	assert.Contains(t, b.on("s2", "systemctl", "show", "--property=LoadState", "etcd-backup.timer"), "not-found")
	assert.Len(t, b.store.backups(b.world), left, "backups stay")
}

// The deployment option sets the schedule, and k3s' own etcd is backed up with its token. The agent and people come by a load balancer.
func TestAutonomousHasTheServerBackUpItsEtcd(t *testing.T) {
	w := newWorld(t, "s1", "a1")
	signing, _, recipient := keys(t)
	variables := w.variables(k3stest.Versions[1], w.balanced("s1"))
	maps.Copy(variables, map[string]any{
		"etcd_backup_stores": []any{map[string]any{"folder": "/srv"}}, "etcd_backup_recipients": []string{recipient}, "etcd_backup_signing_key": signing,
		"etcd_backup_answer_timeout": 60,
	})
	w.apply("autonomous", variables, "--skip-tags", "k3s_prepare")
	assert.Equal(t, "a1="+k3stest.Versions[1]+"/True/ s1="+k3stest.Versions[1]+"/True/", w.nodes("s1"))
	assert.Contains(t, w.on("a1", "cat", "/etc/rancher/k3s/config.yaml"), "server: "+w.api().url)
	w.eventually(func(w *world) { assert.NoError(w, w.api().ask()) }, "the API answers by the load balancer")
	w.on("s1", "systemctl", "start", "etcd-backup.service")
	w.says("s1", `(?m)is in /srv$`)
	assert.Contains(t, w.on("s1", "cat", metricsFile), `etcd_backup_backups{cluster="initial",store="/srv",state="good"} 1`)
	w.apply("backup", variables)
	assert.Equal(t, "2", w.on("s1", "sh", "-c", "ls /srv/initial/*/manifest.json | wc -l"))
}
