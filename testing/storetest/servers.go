package storetest

import (
	"bytes"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var silent = log.New(io.Discard, "", 0)

// binary is what make objectstores builds.
const binary = ".cache/objectstores/objectstores"

// run runs a server of object storage until the end of the test, and gives a proxy before it.
func run(t testing.TB, words func(socket, url string) []string) *Proxy {
	t.Helper()
	program := built(t)
	folder, err := os.MkdirTemp("", "objectstores") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	socket := filepath.Join(folder, "socket")
	proxy := startProxy(t, socket)
	command := exec.Command(program, words(socket, proxy.URL)...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may be gone by itself
		<-ended
		if t.Failed() {
			t.Logf("the server said: %s", said.Bytes())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("unix", socket)
		return err == nil && conn.Close() == nil
	}, time.Minute, 20*time.Millisecond, "the server does not listen")
	return proxy
}

// built finds the servers. Without, the test is skipped, or fails where CI is true.
func built(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	path := filepath.Join(dir, binary)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	missing := "needs the servers of object storage, " + path + "; make objectstores builds them"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}
