package play

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Here plays the file playbook.yml of a folder on this machine alone, with the checkout's collection and Ansible.
type Here struct {
	Dir       string   // also the home
	Env       []string // of all runs
	Arguments []string // of all runs
	Secrets   []string // which are never shown
	top       string
}

// NewHere makes a folder with the playbook for a test; top is the checkout.
func NewHere(t testing.TB, top, playbook string) *Here {
	t.Helper()
	top, err := filepath.Abs(top)
	require.NoError(t, err)
	h := &Here{Dir: t.TempDir(), Arguments: []string{"-i", "localhost,", "-c", "local"}, top: top}
	h.Env = append(os.Environ(), "HOME="+h.Dir, "ANSIBLE_COLLECTIONS_PATH="+filepath.Join(top, ".cache/collections"), // make build leads it back here
		"ANSIBLE_CONFIG=", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=false")
	h.Write(t, playbook)
	return h
}

// Write makes another playbook the one that is run.
func (h *Here) Write(t testing.TB, playbook string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(h.Dir, "playbook.yml"), []byte(playbook), 0o600))
}

// Play runs the playbook and gives what Ansible shows.
func (h *Here) Play(t testing.TB, arguments ...string) (out string, failed bool) {
	t.Helper()
	command := filepath.Join(h.top, ".cache/venv/bin/ansible-playbook")
	if _, err := os.Stat(command); err != nil && os.Getenv("CI") != "true" {
		t.Skip("needs Ansible, " + command + "; make venv installs it")
	}
	ansible := exec.CommandContext(t.Context(), command, slices.Concat(h.Arguments, []string{"playbook.yml"}, arguments)...)
	ansible.Dir, ansible.Env = h.Dir, h.Env
	said, err := ansible.CombinedOutput()
	for _, secret := range h.Secrets {
		assert.NotContains(t, string(said), secret)
	}
	return string(said), err != nil
}

var recap = regexp.MustCompile(`changed=(\d+) +unreachable=0 +failed=(\d+)`)

// Changed runs the playbook, which must succeed, and gives how many tasks changed something.
func (h *Here) Changed(t testing.TB, arguments ...string) (count, out string) {
	t.Helper()
	out, failed := h.Play(t, arguments...)
	require.False(t, failed, out)
	found := recap.FindStringSubmatch(out)
	require.NotNil(t, found, out)
	return found[1], out
}
