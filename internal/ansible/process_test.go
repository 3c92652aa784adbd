package ansible

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// asModule makes the test binary a module, whose work is the one that the variable names.
const asModule = "RUN_AS_MODULE"

func TestMain(m *testing.M) {
	if do, ok := deeds[os.Getenv(asModule)]; ok {
		// As Main, but that it does not wait so long for work that does not end.
		p := process{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv, settle: settle, grace: 100 * time.Millisecond}
		os.Exit(p.main(greet, work(do)))
	}
	os.Exit(m.Run())
}

var deeds = map[string]Run[greeting]{
	"greet": succeed,
	"panic": func(context.Context, greeting, Mode) (Result, error) { panic("nil map") },
	"crash": func(context.Context, greeting, Mode) (Result, error) {
		go func() { panic("out of a library") }()
		select {}
	},
	"chatter": func(_ context.Context, in greeting, _ Mode) (Result, error) {
		fmt.Println(`{"changed": "by a library"}`)
		_, _ = fmt.Fprintln(os.Stderr, "debug: "+in.Secret)
		log.Print("a log line")
		slog.Error("another")
		println("the simplest of all")
		child := exec.Command("sh", "-c", "echo out; echo err >&2")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		return Result{Msg: "said"}, child.Run()
	},
	// until its reader is told, on standard input, that work has begun
	"obedient": func(ctx context.Context, in greeting, _ Mode) (Result, error) {
		begun(ctx, in)
		<-ctx.Done()
		return Result{Changed: true, Steps: []string{"begin"}}, fmt.Errorf("create cluster: %w", leave(in, ctx.Err()))
	},
	"stubborn": func(ctx context.Context, in greeting, _ Mode) (Result, error) {
		begun(ctx, in)
		select {}
	},
}

// begun leaves a file that says that the work has begun, leave another that says how it ended.
func begun(ctx context.Context, in greeting) {
	wait.Report(ctx, "1/3 nodes")
	if err := os.WriteFile(in.Name, nil, 0o600); err != nil {
		panic(err)
	}
}

func leave(in greeting, err error) error {
	return errors.Join(err, os.WriteFile(in.Name+".ended", []byte(err.Error()), 0o600))
}

// module is a module's process.
type module struct {
	*exec.Cmd
	out, complaints bytes.Buffer
	begun           string // the file that says that work has begun
}

func start(t *testing.T, deed, stdin string, args ...string) *module {
	t.Helper()
	m := prepare(t, deed, stdin, args...)
	m.Stdout = &m.out
	require.NoError(t, m.Start())
	return m
}

func prepare(t *testing.T, deed, stdin string, args ...string) *module {
	t.Helper()
	m := &module{begun: filepath.Join(t.TempDir(), "begun")}
	m.Cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	m.Env = append(os.Environ(), asModule+"="+deed)
	m.Stdin, m.Stderr = strings.NewReader(strings.ReplaceAll(stdin, "@BEGUN@", m.begun)), &m.complaints
	return m
}

// end waits for the process and gives its result.
func (m *module) end(t *testing.T) (reply map[string]any, code int) {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() { _ = m.Process.Kill() }) // it may have ended just now
	defer late.Stop()
	var exit *exec.ExitError
	if err := m.Wait(); err != nil {
		require.ErrorAs(t, err, &exit)
	}
	require.True(t, m.ProcessState.Exited(), "it ends by itself within a minute (a signal that the tests themselves ignore, as SIGHUP under nohup, does not end it): %s", m.ProcessState)
	text := m.out.String()
	require.True(t, strings.HasPrefix(text, "\n{") && strings.Count(text, "\n") == 2, "one line after a line end: %q", text)
	value, err := ParseJSON(text)
	require.NoError(t, err)
	assert.Empty(t, m.complaints.String())
	return plainValue(value).(map[string]any), m.ProcessState.ExitCode()
}

func awaitFile(t *testing.T, path string) {
	t.Helper()
	err := wait.Until(t.Context(), wait.Options{For: path, Timeout: 20 * time.Second, Interval: 5 * time.Millisecond}, func(context.Context) (bool, string, error) {
		_, err := os.Stat(path)
		return err == nil, "", nil
	})
	require.NoError(t, err)
}

func TestAProcessReadsItsArgumentsFromAFileOrStandardInput(t *testing.T) {
	t.Parallel()
	const args = `{"name": "bo", "times": "2", "_ansible_check_mode": false}`
	file := filepath.Join(t.TempDir(), "args")
	require.NoError(t, os.WriteFile(file, []byte(args), 0o600))
	for _, m := range []*module{start(t, "greet", args, "-"), start(t, "greet", "", file)} {
		reply, code := m.end(t)
		assert.Zero(t, code)
		assert.Equal(t, "hello bo hello bo ", reply["msg"])
	}
	reply, code := start(t, "greet", "", filepath.Join(t.TempDir(), "none")).end(t)
	assert.Equal(t, 1, code)
	assert.Regexp(t, "^read the arguments: open .*/none: no such file or directory$", reply["msg"])
}

func TestWhatLibrariesPrintIsNowhere(t *testing.T) {
	t.Parallel()
	reply, code := start(t, "chatter", `{"name": "bo", "secret": "s3cr3t"}`, "-").end(t)
	assert.Zero(t, code)
	assert.Equal(t, "said", reply["msg"])
}

func TestAProcessThatPanicsHasAResult(t *testing.T) {
	t.Parallel()
	reply, code := start(t, "panic", `{"name": "bo"}`, "-").end(t)
	assert.Equal(t, 1, code)
	assert.Equal(t, true, reply["failed"])
	assert.Equal(t, "panic: nil map; this is a defect of the module, please report it with the output of -vvv", reply["msg"])
}

// No recover catches the panic of a library's goroutine: Ansible reports it from standard error and the exit code.
func TestACrashIsOnStandardErrorAlone(t *testing.T) {
	t.Parallel()
	m := start(t, "crash", `{"name": "bo"}`, "-")
	require.Error(t, m.Wait())
	assert.Equal(t, 2, m.ProcessState.ExitCode())
	assert.Empty(t, m.out.String())
	assert.Contains(t, m.complaints.String(), "panic: out of a library")
}

func TestASignalEndsInAResult(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			m := start(t, "obedient", `{"name": "@BEGUN@"}`, "-")
			awaitFile(t, m.begun)
			require.NoError(t, m.Process.Signal(s))
			require.NoError(t, m.Process.Signal(s), "an impatient second one changes nothing")
			reply, code := m.end(t)
			assert.Equal(t, 1, code)
			names := map[syscall.Signal]string{syscall.SIGINT: "SIGINT", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP"}
			assert.Equal(t, "interrupted by signal "+names[s]+", last seen 1/3 nodes: create cluster: context canceled; run it again to go on", reply["msg"])
			assert.Equal(t, []any{"begin"}, reply["steps"])
			assert.Equal(t, true, reply["changed"])
		})
	}
}

func TestASignalEndsTheWaitForArguments(t *testing.T) {
	t.Parallel()
	m := prepare(t, "greet", "", "-")
	m.Stdin = nil
	never, err := m.StdinPipe()
	require.NoError(t, err)
	defer never.Close()
	m.Stdout = &m.out
	require.NoError(t, m.Start())
	awaitSettled(t, m.Process.Pid)
	require.NoError(t, m.Process.Signal(syscall.SIGINT))
	reply, code := m.end(t)
	assert.Equal(t, 1, code)
	assert.Equal(t, "read the arguments: interrupted by signal SIGINT; nothing was done", reply["msg"])
}

// awaitSettled waits until the process has led standard error away, before which it listens to signals.
func awaitSettled(t *testing.T, pid int) {
	t.Helper()
	err := wait.Until(t.Context(), wait.Options{For: "the process to settle", Timeout: 20 * time.Second, Interval: 5 * time.Millisecond}, func(context.Context) (bool, string, error) {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/2", pid))
		return target == os.DevNull, target, err
	})
	require.NoError(t, err)
}

func TestASignalEndsWorkThatDoesNotListen(t *testing.T) {
	t.Parallel()
	m := start(t, "stubborn", `{"name": "@BEGUN@"}`, "-")
	awaitFile(t, m.begun)
	require.NoError(t, m.Process.Signal(syscall.SIGTERM))
	reply, code := m.end(t)
	assert.Equal(t, 1, code)
	assert.Equal(t, "interrupted by signal SIGTERM, last seen 1/3 nodes: still busy 100ms later; run it again to go on", reply["msg"])
}

func TestASignalThatIsIgnoredFromTheBeginningStaysSo(t *testing.T) {
	t.Parallel()
	m := prepare(t, "obedient", `{"name": "@BEGUN@"}`, "-")
	m.Path, m.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, m.Args...)
	m.Stdout = &m.out
	require.NoError(t, m.Start())
	awaitFile(t, m.begun)
	require.NoError(t, m.Process.Signal(syscall.SIGHUP))
	require.NoError(t, m.Process.Signal(syscall.SIGTERM))
	reply, _ := m.end(t)
	assert.Contains(t, reply["msg"], "SIGTERM")
}

// Over SSH without a terminal nobody sends a signal when the connection is lost: the pipe has no reader any more, that is all.
func TestWorkEndsWhenNobodyReadsItsResult(t *testing.T) {
	t.Parallel()
	m := prepare(t, "obedient", `{"name": "@BEGUN@"}`, "-")
	reader, err := m.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, m.Start())
	awaitFile(t, m.begun)
	require.NoError(t, reader.Close())
	awaitFile(t, m.begun+".ended")
	require.Error(t, m.Wait())
	assert.True(t, m.ProcessState.Exited(), "no signal ended it: %s", m.ProcessState)
	assert.Equal(t, 1, m.ProcessState.ExitCode())
	assert.Empty(t, m.complaints.String())
}

func TestAClosedStandardOutputIsNoCrash(t *testing.T) {
	t.Parallel()
	for _, redirect := range []string{`exec "$0" "$@" >&-`, `exec "$0" "$@" >/dev/full`} {
		m := prepare(t, "greet", `{"name": "bo"}`, "-")
		m.Path, m.Args = "/bin/sh", append([]string{"sh", "-c", redirect}, m.Args...)
		m.Stdout = io.Discard
		_ = m.Run() // with 1 where the result could not be written
		assert.True(t, m.ProcessState.Exited())
		assert.LessOrEqual(t, m.ProcessState.ExitCode(), 1)
		assert.Empty(t, m.complaints.String())
	}
}
