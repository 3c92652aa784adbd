package etcdbackup_test

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// etcdctl is what make bench builds.
const etcdctl = "../../.cache/kube/etcdctl"

// benchMiB is the size of the values; BENCH_MIB gives another one.
func benchMiB(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("BENCH_MIB"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		return n
	}
	return 128
}

// values are of 2 KiB each: as Kubernetes' objects, of which about a sixth is new in each, and of noise, which nothing compresses.
var values = map[string]func(i int) string{
	"objects": func(i int) string {
		return strings.Repeat(fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"metal-control-plane","labels":{"app":"metal-api"}},"n":%d},`, i), 13) + noise(170)
	},
	"noise": func(int) string { return noise(1000) },
}

func noise(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

func (w *world) stuff(b *testing.B, value func(int) string) {
	b.Helper()
	client := w.etcd.Client(b, 0)
	for i, left := 0, benchMiB(b)<<20; left > 0; {
		var puts []clientv3.Op
		for range 100 {
			text := value(i)
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("/registry/pods/%07d", i), text))
			i, left = i+1, left-len(text)
		}
		_, err := client.Txn(b.Context()).Then(puts...).Commit()
		require.NoError(b, err)
	}
}

// BenchmarkBesideEtcdctl takes and prepares backups, and does beside it what one would otherwise do: etcdctl's snapshot save and a plain put of
// its file into the same server of S3; a plain get, and etcdutl's restore; and what k3s' etcd-snapshot does with --etcd-snapshot-compress, which puts a
// zip of the file. The ratios are of speeds, ours by theirs; the drill, which they do not have, is told and left out of them.
func BenchmarkBesideEtcdctl(b *testing.B) {
	if _, err := os.Stat(etcdctl); err != nil && os.Getenv("CI") != "true" {
		b.Skip("needs etcdctl; make bench builds it")
	}
	for name, value := range values {
		w := newWorld(b)
		w.stuff(b, value)
		for link, rate := range map[string]int{"loopback": 0, "1 Gbit per s": 125_000_000} {
			b.Run(name+"/"+link, func(b *testing.B) { w.beside(b, rate) })
		}
	}
}

func (w *world) beside(b *testing.B, rate int) {
	server := storetest.StartS3(b)
	bucket := server.Bucket(b, minio.MakeBucketOptions{})
	if rate > 0 {
		way := storetest.Link(rate)
		server.Choose(func(*http.Request) storetest.Fault { return way })
	}
	ours := server.Open(b, bucket, store.Limits{})
	var total beside
	b.ResetTimer()
	for i := range b.N {
		w.etcd.Fill(b, fmt.Sprint("more", rate, i), 1, 10)
		w.withEtcdctl(b, server, bucket.Bucket, &total)
		w.withAWS(b, server, bucket, &total)
		w.asK3s(b, server, bucket.Bucket, &total)
		w.ours(b, ours, &total)
	}
	total.report(b)
}

// beside is how long things took.
type beside struct{ theirs, aws, k3s, ours, drill, restore, theirRestore time.Duration }

func (t beside) report(b *testing.B) {
	seconds := func(d time.Duration) float64 { return d.Seconds() / float64(b.N) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(seconds(t.theirs), "etcdctl+put-s")
	b.ReportMetric(seconds(t.aws), "etcdctl+s3cp-s")
	b.ReportMetric(seconds(t.k3s), "k3s-s")
	b.ReportMetric(seconds(t.ours-t.drill), "take-s")
	b.ReportMetric(seconds(t.drill), "drill-s")
	b.ReportMetric(t.theirs.Seconds()/(t.ours-t.drill).Seconds(), "ratio")
	b.ReportMetric(t.aws.Seconds()/(t.ours-t.drill).Seconds(), "ratio-to-s3cp")
	b.ReportMetric(t.k3s.Seconds()/(t.ours-t.drill).Seconds(), "ratio-to-k3s")
	b.ReportMetric(seconds(t.theirRestore), "get+etcdutl-s")
	b.ReportMetric(seconds(t.restore), "prepare-s")
}

func (w *world) withEtcdctl(b *testing.B, server *storetest.S3, bucket string, total *beside) {
	b.Helper()
	dir := b.TempDir()
	file, back := filepath.Join(dir, "theirs"), filepath.Join(dir, "back")
	begin := time.Now()
	w.withTheirs(b, file)
	_, err := server.Client.FPutObject(context.Background(), bucket, "theirs", file, minio.PutObjectOptions{})
	require.NoError(b, err)
	total.theirs += time.Since(begin)

	begin = time.Now()
	require.NoError(b, server.Client.FGetObject(context.Background(), bucket, "theirs", back, minio.GetObjectOptions{}))
	require.NoError(b, snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: back, Name: "m", OutputDataDir: filepath.Join(dir, "data"), PeerURLs: []string{"http://127.0.0.1:1"}, InitialCluster: "m=http://127.0.0.1:1",
		InitialClusterToken: "t", RevisionBump: 1_000_000_000, MarkCompacted: true,
	}))
	total.theirRestore += time.Since(begin)
}

// withAWS puts the file by aws s3 cp, if BENCH_AWS is the path of that program.
func (w *world) withAWS(b *testing.B, server *storetest.S3, bucket store.S3, total *beside) {
	b.Helper()
	program := os.Getenv("BENCH_AWS")
	if program == "" {
		return
	}
	file := filepath.Join(b.TempDir(), "theirs")
	begin := time.Now()
	w.withTheirs(b, file)
	cp := exec.Command(program, "--endpoint-url", server.URL, "--ca-bundle", server.CAFile, "s3", "cp", "--no-progress", file, "s3://"+bucket.Bucket+"/aws")
	cp.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+bucket.AccessKey, "AWS_SECRET_ACCESS_KEY="+bucket.SecretKey, "AWS_DEFAULT_REGION="+bucket.Region)
	said, err := cp.CombinedOutput()
	require.NoError(b, err, string(said))
	total.aws += time.Since(begin)
}

func (w *world) withTheirs(b *testing.B, file string) {
	b.Helper()
	said, err := exec.Command(etcdctl, "--endpoints", w.etcd.Endpoint(0), "snapshot", "save", file).CombinedOutput()
	require.NoError(b, err, string(said))
}

// asK3s takes the steps of k3s (pkg/etcd/snapshot.go: etcd's client saves a file, compressSnapshot deflates it into a zip, minio's client puts it).
func (w *world) asK3s(b *testing.B, server *storetest.S3, bucket string, total *beside) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "snapshot")
	begin := time.Now()
	w.withTheirs(b, file)
	from, err := os.Open(file)
	require.NoError(b, err)
	defer from.Close()
	to, err := os.Create(file + ".zip")
	require.NoError(b, err)
	archive := zip.NewWriter(to)
	entry, err := archive.CreateHeader(&zip.FileHeader{Name: "snapshot", Method: zip.Deflate})
	require.NoError(b, err)
	_, err = io.Copy(entry, from)
	require.NoError(b, err)
	require.NoError(b, errors.Join(archive.Close(), to.Close()))
	_, err = server.Client.FPutObject(context.Background(), bucket, "snapshot.zip", file+".zip", minio.PutObjectOptions{})
	require.NoError(b, err)
	total.k3s += time.Since(begin)
}

func (w *world) ours(b *testing.B, s store.Store, total *beside) {
	b.Helper()
	log := filepath.Join(b.TempDir(), "drills")
	taker := w.taker(b)
	taker.Vaults[0].Store = s
	taker.Examiner.Program = timing(b, log)
	begin := time.Now()
	outcome, err := taker.Take(b.Context(), false)
	require.NoError(b, err)
	require.Len(b, outcome.Acknowledged, 1)
	total.ours += time.Since(begin)
	text, err := os.ReadFile(log)
	require.NoError(b, err)
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	require.NoError(b, err)
	total.drill += time.Duration(nanoseconds)

	v := w.reader(b)
	v.Store = s
	begin = time.Now()
	_, err = v.Prepare(b.Context(), "", filepath.Join(b.TempDir(), "restore.db"), etcdbackup.Work{Dir: b.TempDir()}, etcdbackup.Examiner{Program: etcdbackup.Self})
	require.NoError(b, err)
	total.restore += time.Since(begin)
}

// timing is a program that examines snapshots and writes how long the drill took.
func timing(b *testing.B, log string) string {
	b.Helper()
	self, err := os.Executable()
	require.NoError(b, err)
	program := filepath.Join(b.TempDir(), "examiner")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = --drill ] || exec %[1]s \"$@\"\nbegin=$(date +%%s%%N)\n%[1]s \"$@\"\ncode=$?\necho $(($(date +%%s%%N) - begin)) >%[2]s\nexit $code\n", self, log)
	require.NoError(b, os.WriteFile(program, []byte(script), 0o700))
	return program
}
