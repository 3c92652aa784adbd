package main

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// questions is how many cases the test compares; ARGSPEC_CASES and ARGSPEC_SEED try others.
const questions = 12000

// unclosed is a text with ${ and no } behind it, but another variable: of these the security releases of Python (CVE-2025-6075, also Debian's
// 3.11.2) expand nothing, and those before what follows. So they cannot be compared with whatever Python is there.
var unclosed = regexp.MustCompile(`\$\{[^}"]*\$[^}"]*"`)

// asCommand makes the test's own binary the command argspec.
const asCommand = "ARGSPEC_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The newest ansible-core is what we follow. The installed one tells how much of it is common to the versions.
func TestAnswersAreThoseOfAnsible(t *testing.T) {
	lines := generate(number("ARGSPEC_SEED", 20261124), number("ARGSPEC_CASES", questions))
	installed, newest := askAnsible(t, lines)
	answers := ask(t, lines)

	kinds, agreeing, differing := map[string]int{}, 0, 0
	for i, line := range lines {
		if unclosed.MatchString(line) {
			continue
		}
		want := normal(t, newest[i])
		kind, _, _ := strings.Cut(want, ":")
		if strings.HasPrefix(want, `{"ok": false`) {
			kind = "refused"
		}
		kinds[strings.Trim(kind, `{"`)]++
		if kind == `{"crash"` {
			assert.NotContains(t, answers[i], `{"error"`, line)
			continue
		}
		got := normal(t, answers[i])
		if normal(t, installed[i]) == want {
			agreeing++
		}
		if want != got {
			if differing++; differing <= 20 {
				t.Errorf("case    %s\nAnsible %s\nours    %s", line, want, got)
			}
		}
	}
	assert.Zero(t, differing, "answers that differ")
	for kind, least := range map[string]int{"ok": 5, "refused": 5, "output": 20} {
		assert.Greater(t, kinds[kind], len(lines)/least, "cases that give "+kind)
	}
	assert.Less(t, kinds["crash"], len(lines)/20, "cases on which Ansible falls over")
	t.Logf("%v; in %d the installed Ansible and the newest agree", kinds, agreeing)
}

func generate(seed, n int) []string {
	g := generator{rand.New(rand.NewPCG(uint64(seed), 2))}
	lines := make([]string, n)
	for i := range lines {
		lines[i] = ansible.FormatJSON(g.question())
	}
	return lines
}

// ask puts the questions to our own code.
func ask(t *testing.T, lines []string) []string {
	var out bytes.Buffer
	require.NoError(t, answerAll(strings.NewReader(strings.Join(lines, "\n")+"\n"), &out))
	return split(t, out.String(), len(lines))
}

func split(t *testing.T, output string, n int) []string {
	answers := strings.Split(strings.TrimSuffix(output, "\n"), "\n")
	require.Len(t, answers, n)
	return answers
}

// askAnsible runs the questions through both ansible-cores of make venv, side by side.
func askAnsible(t *testing.T, lines []string) (installed, newest []string) {
	cache := filepath.Join("..", "..", ".cache")
	newer := filepath.Join(cache, "ansible-2.19")
	for _, path := range []string{filepath.Join(cache, "venv", "bin", "python"), filepath.Join(newer, "ansible")} {
		if _, err := os.Stat(path); err != nil {
			missing(t, "Ansible is not in "+path+"; run make venv")
		}
	}
	var outputs [2]bytes.Buffer
	var group sync.WaitGroup
	for i, path := range []string{"", newer} {
		command := exec.Command(filepath.Join(cache, "venv", "bin", "python"), "-W", "ignore", "oracle.py")
		command.Env = append(os.Environ(), "PYTHONPATH="+path)
		command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		command.Stdout, command.Stderr = &outputs[i], os.Stderr
		group.Go(func() { assert.NoError(t, command.Run()) })
	}
	group.Wait()
	return split(t, outputs[0].String(), len(lines)), split(t, outputs[1].String(), len(lines))
}

// missing skips on a laptop and fails in CI.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// normal sorts what Ansible keeps in sets, and takes out what docs/argument-differences.md says depends on a set's order.
func normal(t *testing.T, answer string) string {
	value, err := ansible.ParseJSON(answer)
	require.NoError(t, err)
	o := value.(*ansible.Object)
	for _, key := range []string{"no_log_values", "warnings"} {
		slices.SortFunc(list(o.Get(key)), func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	messages := list(o.Get("error_messages"))
	for i := range messages {
		messages[i] = withoutOrder(messages[i].(string))
	}
	return ansible.FormatJSON(o)
}

func withoutOrder(message string) string {
	if before, _, ok := strings.Cut(message, "Valid booleans include: "); ok {
		return before
	}
	strangers, _, ok := strings.Cut(message, ". Supported parameters include: ")
	levels := map[string]bool{}
	for name := range strings.SplitSeq(strangers, ", ") {
		levels[name[:max(0, strings.LastIndex(name, "."))]] = true
	}
	if ok && len(levels) > 1 {
		return strangers
	}
	return message
}

func TestTheCommandAnswersEachLineBeforeTheNext(t *testing.T) {
	lines := generate(1, 200)
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asCommand+"=1")
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	reader := bufio.NewReader(out)
	for i, want := range ask(t, lines) {
		_, err := io.WriteString(in, lines[i]+"\n")
		require.NoError(t, err)
		got, err := reader.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want+"\n", got, lines[i])
	}
	require.NoError(t, in.Close())
	require.NoError(t, command.Wait())
}

func TestALineThatCannotBeReadIsAnsweredAndTheNextOneToo(t *testing.T) {
	lines := []string{
		"nonsense", "[]", "{}", `{"spec":{"argument_spec":[]},"args":{}}`, `{"spec":{"argument_spec":{"a":{"choices":"b"}}},"args":{}}`,
		`{"spec":{"argument_spec":{},"required_if":[["a",1]]},"args":{}}`, `{"spec":{"argument_spec":{}},"args":[]}`, strings.Repeat("[", 100_000),
		`{"no_log_values":["b"],"input":"abc"}`,
	}
	assert.Equal(t, []string{
		`{"error": "not a JSON line: line 1 column 1: expecting value"}`,
		`{"error": "a line must be a JSON object"}`,
		`{"error": "the line has neither \"spec\" nor \"no_log_values\""}`,
		`{"error": "argument_spec or options must be a dict, got []"}`,
		`{"error": "option a: choices must be a list, got \"b\""}`,
		`{"error": "required_if needs three or four values, got [\"a\", 1]"}`,
		`{"error": "\"args\" must be an object"}`,
		`{"error": "not a JSON line: nested too deep"}`,
		`{"output": "a********c"}`,
	}, ask(t, lines))
}

func TestNumbersGoOutAsTheyCameIn(t *testing.T) {
	answers := ask(t, []string{`{"spec":{"argument_spec":{"v":{"type":"raw"}}},"args":{"v":[1.0, 1E5, -0, 1e400, NaN, 123456789012345678901234567890, "\ud800é", {"a":1,"a":2}]}}`})
	assert.Equal(t, `{"ok": true, "params": {"v": [1.0, 100000.0, 0, Infinity, NaN, 123456789012345678901234567890, "\ud800\u00e9", {"a": 2}]}, "warnings": [], "deprecations": [], "no_log_values": []}`, answers[0])
}
