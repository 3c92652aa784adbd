package main

import (
	"bytes"
	"encoding/json"
	"maps"
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
const questions = 6000

// oracles are the ansible-cores that make venv installs: the one of the virtual environment, and the newest, which is right where
// they differ.
var oracles = []string{"2.18", "2.19"}

// exceptions are the answers in which we decided to differ, each with its reason.
var exceptions = []struct{ reason, pattern string }{
	{"Python lists the words of a bool in the order of a hash that changes with every process; ours is fixed", `Valid booleans include: .*`},
	{"with strangers on several levels Ansible names the options of a level that the order of a set chooses", `(Supported parameters include: ).*`},
}

func TestAnswersAreThoseOfAnsible(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(uint64(number("ARGSPEC_SEED", 20261124)), 2))}
	var lines []string
	for range number("ARGSPEC_CASES", questions) {
		line, err := json.Marshal(g.question())
		require.NoError(t, err)
		lines = append(lines, string(line))
	}
	theirs := askOracles(t, lines)
	var ours bytes.Buffer
	require.NoError(t, answerAll(strings.NewReader(strings.Join(lines, "\n")+"\n"), &ours))
	answers := strings.Split(strings.TrimSpace(ours.String()), "\n")
	require.Len(t, answers, len(lines))

	accepted, refused, crashed, differing, disputed := 0, 0, 0, 0, 0
	for i, line := range lines {
		want := theirs[len(oracles)-1][i]
		switch {
		case strings.HasPrefix(want, `{"crash"`):
			crashed++
			continue
		case strings.HasPrefix(want, `{"ok": false`):
			refused++
		default:
			accepted++
		}
		if normal(t, theirs[0][i]) != normal(t, want) {
			disputed++
		}
		if normal(t, want) != normal(t, answers[i]) {
			if differing++; differing <= 20 {
				t.Errorf("case    %s\nAnsible %s\nours    %s", line, want, answers[i])
			}
		}
	}
	assert.Zero(t, differing, "answers that differ")
	assert.Greater(t, accepted, len(lines)/5, "cases that Ansible accepts")
	assert.Greater(t, refused, len(lines)/5, "cases that Ansible refuses")
	assert.Less(t, crashed, len(lines)/20, "cases on which Ansible falls over")
	t.Logf("%d accepted, %d refused, on %d Ansible fell over, on %d its versions differ", accepted, refused, crashed, disputed)
}

// askOracles runs the questions through every ansible-core, side by side.
func askOracles(t *testing.T, lines []string) [][]string {
	cache := filepath.Join("..", "..", ".cache")
	python := filepath.Join(cache, "venv", "bin", "python")
	answers := make([][]string, len(oracles))
	outputs := make([]bytes.Buffer, len(oracles))
	var group sync.WaitGroup
	for i, version := range oracles {
		command := exec.Command(python, "oracle.py")
		command.Env = append(os.Environ(), "PYTHONHASHSEED=0")
		if version != "2.18" {
			path := filepath.Join(cache, "ansible-"+version)
			if _, err := os.Stat(path); err != nil {
				missing(t, "ansible-core "+version+" is not there; run make venv")
			}
			command.Env = append(command.Env, "PYTHONPATH="+path)
		}
		command.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		command.Stdout, command.Stderr = &outputs[i], os.Stderr
		if _, err := os.Stat(python); err != nil {
			missing(t, "Ansible is not there; run make venv")
		}
		group.Go(func() { assert.NoError(t, command.Run()) })
	}
	group.Wait()
	for i := range outputs {
		answers[i] = strings.Split(strings.TrimSpace(outputs[i].String()), "\n")
		require.Len(t, answers[i], len(lines))
	}
	return answers
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

// normal sorts what has no order and takes out the exceptions.
func normal(t *testing.T, answer string) string {
	value, err := ansible.ParseJSON(answer)
	require.NoError(t, err)
	o := value.(*ansible.Object)
	for _, key := range []string{"no_log_values", "warnings"} {
		if l, ok := o.Get(key).([]any); ok {
			slices.SortFunc(l, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
	}
	text := ansible.FormatJSON(sortKeys(o))
	for _, e := range exceptions {
		text = regexp.MustCompile(e.pattern).ReplaceAllString(text, "$1")
	}
	return text
}

func sortKeys(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = sortKeys(v[i])
		}
	case *ansible.Object:
		sorted := ansible.NewObject()
		entries := map[string]any{}
		for key, element := range v.All() {
			entries[key.(string)] = element
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			sorted.Set(key, sortKeys(entries[key]))
		}
		return sorted
	}
	return value
}

func sortedKeys(d dict) []string { return slices.Sorted(maps.Keys(d)) }

func asAnys(value any) []any {
	l, _ := value.([]any)
	return l
}

func TestALineThatCannotBeReadIsAnsweredAndTheNextOneToo(t *testing.T) {
	var out bytes.Buffer
	lines := "nonsense\n[]\n{}\n" + `{"spec":{"argument_spec":[]},"args":{}}` + "\n" + `{"no_log_values":["b"],"input":"abc"}`
	require.NoError(t, answerAll(strings.NewReader(lines), &out))
	assert.Equal(t, `{"error": "not a JSON line: line 1 column 1: expecting value"}
{"error": "a line must be a JSON object"}
{"error": "the line has neither \"spec\" nor \"no_log_values\""}
{"error": "argument_spec or options must be a dict, got []"}
{"output": "a********c"}
`, out.String())
}
