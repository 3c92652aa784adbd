// Package s3test runs a real object storage on loopback: versitygw, which speaks S3 over a folder.
package s3test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// AccessKey and SecretKey are those of its one user.
const (
	AccessKey = "backup"
	SecretKey = "object-storage-secret-1"
)

// Server is a running object storage.
type Server struct {
	dir       string
	port      int
	authority *certtest.Authority
}

// Run starts one with an empty bucket of each name; the test stops it. Without its binary the test is skipped, or fails where CI is true.
func Run(t testing.TB, buckets ...string) *Server {
	t.Helper()
	s := &Server{dir: t.TempDir()}
	var err error
	s.port, err = kubetest.FreePort()
	require.NoError(t, err)
	s.authority, err = certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	pair, err := s.authority.ServerCertificate()
	require.NoError(t, err)
	certificate := filepath.Join(t.TempDir(), "s3")
	require.NoError(t, certtest.Write(certificate, pair))
	for _, bucket := range buckets {
		require.NoError(t, os.Mkdir(filepath.Join(s.dir, bucket), 0o700))
	}
	start(t, exec.Command(find(t), "--quiet", "--port", s.address(), "--access", AccessKey, "--secret", SecretKey,
		"--cert", certificate+".crt", "--key", certificate+".key", "posix", "--nometa", s.dir))
	require.Eventually(t, s.listens, time.Minute, 20*time.Millisecond, "versitygw listens")
	return s
}

// start runs a command until the test ends, or this process does.
func start(t testing.TB, command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// Linux sends the death signal when the thread ends that started the process.
		runtime.LockOSThread()
		defer close(ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		require.NoError(t, command.Process.Kill())
		<-ended
	})
}

func (s *Server) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *Server) listens() bool {
	connection, err := net.Dial("tcp", s.address())
	if err != nil {
		return false
	}
	return connection.Close() == nil
}

// URL is its address.
func (s *Server) URL() string { return "https://" + s.address() }

// CAFile is the path of its authority's certificate.
func (s *Server) CAFile() string { return s.authority.File() }

// Objects are the names in a bucket.
func (s *Server) Objects(t testing.TB, bucket string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, bucket))
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		if entry.Name() != ".sgwtmp" { // versitygw's own
			names = append(names, entry.Name())
		}
	}
	return names
}

// find is the path of the binary that make s3 builds beside the tests' Kubernetes.
func find(t testing.TB) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(kubetest.Find(t)), "versitygw")
	if _, err := os.Stat(path); err != nil {
		missing := "needs the object storage of the tests, " + path + "; make s3 builds it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}
