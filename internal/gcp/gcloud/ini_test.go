package gcloud

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyTheKeyThatIsSetChanges(t *testing.T) {
	for _, c := range []struct{ name, before, value, after string }{
		{"an empty file", "", "p", "[core]\nproject = p\n"},
		{"another section only", "[auth]\na = b\n", "p", "[auth]\na = b\n\n[core]\nproject = p\n"},
		{"the section lacks it", "[core]\naccount = a\n\n[auth]\n", "p", "[core]\naccount = a\nproject = p\n\n[auth]\n"},
		{"an empty section", "[core]\n[auth]\n", "p", "[core]\nproject = p\n[auth]\n"},
		{"the key with a colon", "[core]\nProject: old\n# mine\n", "p", "[core]\nproject = p\n# mine\n"},
		{"the key of another section", "[x]\nproject = old\n[core]\n", "p", "[x]\nproject = old\n[core]\nproject = p\n"},
		{"a value that goes on", "[core]\nproject = a\n  b\naccount = c\n", "p", "[core]\nproject = p\naccount = c\n"},
		{"commented out", "[core]\n#project = old\n; project = older\n", "p", "[core]\n#project = old\n; project = older\nproject = p\n"},
		{"there already", "[core]\nproject=p\n", "p", "[core]\nproject=p\n"},
		{"removed", "[core]\nproject = a\n  b\naccount = c\n", "", "[core]\naccount = c\n"},
		{"absent anyway", "[core]\naccount = c\n", "", "[core]\naccount = c\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := parseINI(c.before)
			f.set("core", "project", c.value)
			assert.Equal(t, c.after, f.String())
			assert.Equal(t, c.value, parseINI(c.after).get("core", "project"))
			assert.Equal(t, c.value, python(t, c.after))
		})
	}
}

// python is what Python's configparser, by which gcloud reads its files, has of core/project.
func python(t *testing.T, content string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "python3", "-c",
		"import configparser, sys; c = configparser.ConfigParser(interpolation=None); c.read_string(sys.stdin.read()); print(c.get('core', 'project', fallback=''))")
	command.Stdin = strings.NewReader(content)
	out, err := command.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
