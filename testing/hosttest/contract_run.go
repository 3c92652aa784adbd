package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// below is the contract in a folder of the test's own.
func (c contract) below(t *testing.T) contract {
	t.Helper()
	dir := c.dir + "/" + strings.NewReplacer("/", "_", " ", "_", "'", "_", ",", "").Replace(t.Name())
	c.write(t, host.Folder(dir, 0o700))
	c.dir = dir
	return c
}

func (c contract) run(t *testing.T, words ...string) string {
	t.Helper()
	out, err := c.Run(t.Context(), host.Words(words...))
	require.NoError(t, err)
	return out.Stdout
}

// hostile are texts that some shell somewhere reads otherwise than they stand.
func hostile() []string {
	all := make([]byte, 255)
	for i := range all {
		all[i] = byte(i + 1)
	}
	return []string{
		string(all), "", " ", "a b", "two\nlines\n", "\n", "'", `"`, `'"'`, `\`, `\n`, `\\'`, "$HOME", "$(id)", "`id`", "!!", "*", "?", "[a]",
		"~", "#", "&", ";", "|", "<", ">", "(", ")", "{", "}", "-n", "--", "=", "A=b", "%s", "%", "\xff\xfe", "\x80\x81\x88", "Zürich", "\t", "\r",
		strings.Repeat("'", 1000),
	}
}

func (c contract) words(t *testing.T) {
	words := hostile()
	assert.Equal(t, words, strings.Split(strings.TrimSuffix(c.run(t, append([]string{"printf", `%s\0`}, words...)...), "\x00"), "\x00"))
}

func (c contract) environment(t *testing.T) {
	for _, value := range hostile() {
		out, err := c.Run(t.Context(), host.Command{Words: []string{"printenv", "HOSTTEST_VALUE"}, Env: map[string]string{"HOSTTEST_VALUE": value}})
		require.NoError(t, err)
		require.Equal(t, value+"\n", out.Stdout)
	}
	assert.Equal(t, "C\n", c.run(t, "printenv", "LC_ALL"))
	assert.Equal(t, "/\n", c.run(t, "pwd"))
	out, err := c.Run(t.Context(), host.Command{Words: []string{"printenv", "LC_ALL"}, Env: map[string]string{"LC_ALL": "POSIX"}})
	require.NoError(t, err)
	assert.Equal(t, "POSIX\n", out.Stdout)
}

func (c contract) input(t *testing.T) {
	input := strings.Repeat(strings.Join(hostile(), "\x00"), 2000) // 3 MB
	out, err := c.Run(t.Context(), host.Command{Words: []string{"cat"}, Stdin: strings.NewReader(input)})
	require.NoError(t, err)
	assert.True(t, input == out.Stdout, "%d bytes went in, %d came out", len(input), len(out.Stdout))
}

func (c contract) noInput(t *testing.T) { assert.Empty(t, c.run(t, "cat")) }

func (c contract) brokenInput(t *testing.T) {
	input := io.MultiReader(strings.NewReader("the first half"), iotest.ErrReader(errors.New("the disk is on fire")))
	_, err := c.Run(t.Context(), host.Command{Words: []string{"cat"}, Stdin: input, Stdout: io.Discard})
	require.EqualError(t, err, "run cat: read its input: the disk is on fire")
}

func (c contract) output(t *testing.T) {
	const over = host.MaxOutput + 1
	words := []string{"head", "-c", fmt.Sprint(over), "/dev/zero"}
	out, err := c.Run(t.Context(), host.Words(words...))
	require.EqualError(t, err, "run head -c 16777217 /dev/zero: it prints more than the 16 MiB wanted of it")
	assert.Len(t, out.Stdout, host.MaxOutput)
	var all bytes.Buffer
	out, err = c.Run(t.Context(), host.Command{Words: words, Stdout: &all})
	require.NoError(t, err)
	assert.Empty(t, out.Stdout)
	assert.Equal(t, over, all.Len())
}

func (c contract) exitCode(t *testing.T) {
	script := "i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; printf ' \n\ndone\n' >&2; echo some; exit 42"
	out, err := c.Run(t.Context(), host.Words("sh", "-c", script))
	var failed *host.RunError
	require.ErrorAs(t, err, &failed)
	assert.EqualError(t, err, `run sh -c $'i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; printf \' \x0a\x0adone\x0a\' >&2; echo some; exit 42': `+
		"exit code 42: line 19998 | line 19999 | done")
	assert.Equal(t, 42, failed.Code)
	assert.Len(t, failed.Stderr, host.MaxStderr)
	assert.Equal(t, "some\n", out.Stdout)
}

func (c contract) noCommand(t *testing.T) {
	for words, code := range map[string]int{"no-such-program": 127, "/no/such/program": 127, c.dir: 126} {
		_, err := c.Run(t.Context(), host.Words(words))
		var failed *host.RunError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, code, failed.Code)
		assert.Contains(t, err.Error(), fmt.Sprintf("run %s: exit code %d: ", words, code))
		assert.Contains(t, failed.Stderr, words)
	}
}

func (c contract) signal(t *testing.T) {
	_, err := c.Run(t.Context(), host.Words("sh", "-c", "kill -s KILL $$"))
	require.Error(t, err)
	told := strings.TrimSuffix(err.Error(), ": Killed") // which some login shells add
	assert.Equal(t, "run sh -c 'kill -s KILL $$': exit code 137 (SIGKILL)", told)
}

func (c contract) nonsense(t *testing.T) {
	for text, command := range map[string]host.Command{
		"run: no program is named": {},
		`run echo $'a\x00b': a word has a byte 0 in it, which no program can be given`:                    host.Words("echo", "a\x00b"),
		`run echo: "A B" is no variable of an environment, or its value has a byte 0 in it`:               {Words: []string{"echo"}, Env: map[string]string{"A B": ""}},
		`run echo $'two\x0alines': "A" is no variable of an environment, or its value has a byte 0 in it`: {Words: []string{"echo", "two\nlines"}, Env: map[string]string{"A": "\x00"}},
	} {
		_, err := c.Run(t.Context(), command)
		assert.EqualError(t, err, text)
	}
}

// runs tells whether a process of the host runs. Its file can be read by all while there is one; it may end between open and read.
func (c contract) runs(t *testing.T, pid string) bool {
	t.Helper()
	status := c.run(t, "sh", "-c", "read -r status </proc/"+pid+"/stat && echo \"$status\" || :")
	return status != "" && !strings.Contains(status, ") Z ") // one that has ended, but nobody waited for
}

// cancelAfterLine runs a command until it has printed a line, and gives its words.
func (c contract) cancelAfterLine(t *testing.T, script string) (said []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	reader, writer := io.Pipe()
	line := make(chan string, 1)
	go func() {
		var first string
		_, _ = fmt.Fscanln(reader, &first)
		line <- first
		cancel(errors.New("signal SIGTERM"))
		_, _ = io.Copy(io.Discard, reader)
	}()
	_, err = c.Run(ctx, host.Command{Words: []string{"sh", "-c", script}, Stdout: writer})
	require.NoError(t, writer.Close())
	return strings.Split(<-line, ","), err
}

func (c contract) interrupted(t *testing.T) {
	pids, err := c.cancelAfterLine(t, "sleep 1000 & echo $$,$!; wait")
	require.EqualError(t, err, "run sh -c 'sleep 1000 & echo $$,$!; wait': interrupted: signal SIGTERM")
	for _, pid := range pids {
		c.ends(t, pid)
	}
}

// ends waits until a process that got a signal has ended: the kernel takes a moment for it.
func (c contract) ends(t *testing.T, pid string) {
	t.Helper()
	o := wait.Options{For: "the end of process " + pid, Timeout: time.Minute, Interval: 10 * time.Millisecond}
	require.NoError(t, wait.Until(t.Context(), o, func(context.Context) (bool, string, error) { return !c.runs(t, pid), "running", nil }))
}

func (c contract) stubborn(t *testing.T) {
	pids, err := c.cancelAfterLine(t, "trap : TERM; echo $$; while true; do sleep 1000; done")
	require.EqualError(t, err, "run sh -c 'trap : TERM; echo $$; while true; do sleep 1000; done': interrupted: signal SIGTERM")
	c.ends(t, pids[0])
}

func (c contract) leftBehind(t *testing.T) {
	pid := strings.TrimSpace(c.run(t, "sh", "-c", "sleep 1000 & echo $!"))
	assert.True(t, c.runs(t, pid))
	c.run(t, "kill", pid)
}

func (c contract) together(t *testing.T) {
	results := make(chan error)
	for i := range 8 {
		go func() {
			out, err := c.Run(t.Context(), host.Words("echo", fmt.Sprint(i)))
			if err == nil && out.Stdout != fmt.Sprintln(i) {
				err = errors.New(out.Stdout)
			}
			results <- err
		}()
	}
	for range 8 {
		assert.NoError(t, <-results)
	}
}
