package k3stest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Machine is where k3s runs.
type Machine struct {
	Name, Address string
	dir           string
	holder        *holder
}

// path is where a file of the machine's /etc or /var/lib lies outside of it.
func (m *Machine) path(name string) string {
	return filepath.Join(m.dir, "upper", filepath.FromSlash(name))
}

// Write writes a file below /etc or /var/lib of the machine.
func (m *Machine) Write(t testing.TB, name, content string) {
	t.Helper()
	dir := filepath.Dir(name)
	m.holder.run(t, "mkdir", "-p", dir)
	command := m.holder.command("tee", name)
	command.Stdin = strings.NewReader(content)
	require.NoError(t, command.Run())
}

// Read gives a file below /etc or /var/lib of the machine.
func (m *Machine) Read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(m.path(name))
	require.NoError(t, err)
	return string(content)
}

// Has tells whether a file is there.
func (m *Machine) Has(name string) bool {
	_, err := os.Stat(m.path(name))
	return err == nil
}

// Answer is what a command said.
type Answer struct {
	Code           int
	Output, Errors string
}

// Run runs a command on the machine to its end.
func (m *Machine) Run(t testing.TB, words ...string) Answer {
	t.Helper()
	command := m.holder.command(words...)
	var output, errs bytes.Buffer
	command.Stdout, command.Stderr = &output, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return Answer{command.ProcessState.ExitCode(), output.String(), errs.String()}
}

// Kill ends all processes of the machine at once, as a power cut does.
func (m *Machine) Kill(t testing.TB) {
	t.Helper()
	m.Run(t, "kill", "-KILL", "--", "-1")
}

// Get asks the machine's supervisor, from the machine itself or over the network of the other, with a user and a password if one is given.
func (m *Machine) Get(t testing.TB, from *Machine, path, user, password string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DialContext: from.dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}, Timeout: 10 * time.Second}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+m.Address+":6443"+path, nil)
	require.NoError(t, err)
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(content)
}

// dial connects from the machine. The thread that enters its namespace is thrown away afterwards.
func (m *Machine) dial(ctx context.Context, network, address string) (net.Conn, error) {
	type dialled struct {
		connection net.Conn
		err        error
	}
	done := make(chan dialled)
	go func() {
		runtime.LockOSThread()
		namespace, err := os.Open(m.holder.namespace("net"))
		if err == nil {
			defer namespace.Close()
			err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		}
		if err != nil {
			done <- dialled{nil, err}
			return
		}
		connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
		done <- dialled{connection, err}
	}()
	result := <-done
	return result.connection, result.err
}

// Unit is a k3s that runs on a machine, as a service of Type=notify would.
type Unit struct {
	machine *Machine
	command *exec.Cmd
	journal string
	notify  *net.UnixConn
	done    chan struct{}
}

// Start starts the release on the machine with the words behind its name, and does not wait.
func (m *Machine) Start(t testing.TB, release string, words ...string) *Unit {
	t.Helper()
	u := &Unit{machine: m, journal: filepath.Join(m.dir, "journal"), done: make(chan struct{})}
	socket := filepath.Join(m.dir, "notify")
	_ = os.Remove(socket) // of an earlier start
	var err error
	u.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	log, err := os.Create(u.journal)
	require.NoError(t, err)
	u.command = m.holder.command(append([]string{release}, words...)...)
	u.command.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	u.command.Stdout, u.command.Stderr = log, log
	require.NoError(t, u.command.Start())
	require.NoError(t, log.Close())
	go func() {
		_ = u.command.Wait() // how it ended is in ProcessState
		close(u.done)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s: the journal of k3s %s\n%s", m.Name, strings.Join(words, " "), u.Journal(t))
		}
	})
	return u
}

// patience bounds every wait: a loaded machine takes ten times the usual.
const patience = 3 * time.Minute

// Ready returns when the unit has told that it is ready.
func (u *Unit) Ready(t testing.TB) {
	t.Helper()
	told := make(chan string, 1)
	go func() {
		buffer := make([]byte, 256)
		n, err := u.notify.Read(buffer)
		if err == nil {
			told <- strings.TrimSpace(string(buffer[:n]))
		}
	}()
	select {
	case state := <-told:
		require.Equal(t, "READY=1", state)
	case <-u.done:
		t.Fatalf("%s: k3s ended with %s\n%s", u.machine.Name, u.command.ProcessState, u.Journal(t))
	case <-time.After(patience):
		t.Fatalf("%s: k3s did not get ready\n%s", u.machine.Name, u.Journal(t))
	}
}

// Ended waits for the unit's end and gives its exit code and the last line that is fatal.
func (u *Unit) Ended(t testing.TB) (code int, last string) {
	t.Helper()
	select {
	case <-u.done:
	case <-time.After(patience):
		t.Fatalf("%s: k3s does not end\n%s", u.machine.Name, u.Journal(t))
	}
	for line := range strings.Lines(u.Journal(t)) {
		if text, ok := strings.CutPrefix(line, "time="); ok && strings.Contains(text, "level=fatal") {
			last = line
		}
	}
	if found := fatalMessage.FindStringSubmatch(last); found != nil {
		last = strings.ReplaceAll(found[1], `\"`, `"`)
	}
	return u.command.ProcessState.ExitCode(), last
}

var fatalMessage = regexp.MustCompile(`level=fatal msg="?(.*?)"?\n?$`)

// Stop ends the unit as systemd does, with SIGTERM to its main process.
func (u *Unit) Stop(t testing.TB) {
	t.Helper()
	u.machine.Run(t, "kill", "-TERM", "--", "-1")
	u.Ended(t)
}

// Journal is k3s' own part of what the unit wrote: not the lines of etcd and Kubernetes.
func (u *Unit) Journal(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile(u.journal)
	require.NoError(t, err)
	var own strings.Builder
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "time=") {
			own.WriteString(line)
		}
	}
	return own.String()
}
