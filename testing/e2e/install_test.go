package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const probe = `
  tasks:
    - metalstack.initial_cluster.probe:
`

// binary is the probe's file of this machine in a collection, name the one under which a target keeps it.
func binary(collection string) string {
	return filepath.Join(collection, "plugins/module_utils/bin", here.name, "probe")
}

func name(t *testing.T) string {
	content, err := os.ReadFile(binary(collection))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	return "probe." + hex.EncodeToString(sum[:])
}

// It counts what the server starts, of all tests: so it is not parallel.
func TestATaskIsOneRoundTrip(t *testing.T) {
	needsServer(t)
	c := newController(t)
	for _, want := range []struct{ commands, transfers int }{{3, 0}, {1, 0}, {1, 0}} { // the first: not there, install, run
		commands, transfers, err := server.Channels()
		require.NoError(t, err)
		seen(t, c.results("ssh", probe)[0])
		commandsNow, transfersNow, err := server.Channels()
		require.NoError(t, err)
		assert.Equal(t, want.commands, commandsNow-commands)
		assert.Equal(t, want.transfers, transfersNow-transfers)
	}
	assert.Equal(t, []string{name(t)}, c.kept(os.Getuid()))
}

func TestTheBinaryIsKeptForItsUserAlone(t *testing.T) {
	t.Parallel()
	c := newController(t)
	seen(t, c.results("local", probe)[0])
	assert.Equal(t, []string{name(t)}, c.kept(os.Getuid()))
	for _, path := range []string{"", name(t)} {
		info, err := os.Stat(filepath.Join(c.own(), path))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
}

// own is the folder of the user of the tests.
func (c *controller) own() string {
	return filepath.Join(c.target(), fmt.Sprintf("initial_cluster.%d", os.Getuid()))
}

func TestOnlyAWholeBinaryIsRun(t *testing.T) {
	t.Parallel()
	c := newController(t)
	require.NoError(t, os.Mkdir(c.own(), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(c.own(), name(t)), []byte("#!/bin/sh\necho '{}'\n"), 0o600))
	seen(t, c.results("local", probe)[0])
}

func TestABinaryWithAnotherHashIsNotInstalled(t *testing.T) {
	t.Parallel()
	for _, host := range hosts {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			c := newController(t)
			tampered := filepath.Join(c.Folder, "collections/ansible_collections/metalstack/initial_cluster")
			require.NoError(t, os.CopyFS(tampered, os.DirFS(collection)))
			require.NoError(t, os.WriteFile(binary(tampered), []byte("#!/bin/sh\necho '{}'\n"), 0o755))
			c.Collections = filepath.Join(c.Folder, "collections")
			assert.Equal(t, host+": install probe: what arrived is not what "+tampered+"/plugins/module_utils/bin/manifest.json says; run it again, or build it again",
				c.results(host, probe)[0]["msg"])
			assert.Empty(t, c.kept(os.Getuid()))
		})
	}
}

func TestOldBinariesArePruned(t *testing.T) {
	t.Parallel()
	c := newController(t)
	require.NoError(t, os.Mkdir(c.own(), 0o700))
	for file, days := range map[string]int{"probe.3": 3, "probe.1": 1, "probe.2": 2, "probes.9": 9, "new.0": 0, "new.3": 3, "progress.0": 0, "progress.3": 3} {
		path, when := filepath.Join(c.own(), file), time.Now().AddDate(0, 0, -days)
		require.NoError(t, os.WriteFile(path, nil, 0o700))
		require.NoError(t, os.Chtimes(path, when, when))
	}
	seen(t, c.results("local", probe)[0])
	assert.ElementsMatch(t, []string{name(t), "probe.1", "probes.9", "new.0", "progress.0"}, c.kept(os.Getuid()))
}

const advice = "; set ansible_remote_tmp to a folder in which the user of the task may write and execute"

func TestAFolderThatWillNotDoIsNamed(t *testing.T) {
	t.Parallel()
	foreign := filepath.Join(t.TempDir(), "foreign")
	own := fmt.Sprintf("%s/initial_cluster.%d", foreign, os.Getuid())
	me, err := user.Current()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(foreign, 0o700))
	require.NoError(t, os.Symlink("/tmp", own))
	for folder, why := range map[string]string{
		"/proc/none": "mkdir: cannot create directory ‘/proc/none’: No such file or directory",
		foreign:      own + " is not a folder of user " + me.Username,
	} {
		c := newController(t, "ansible_remote_tmp="+folder)
		assert.Equal(t, "local: install probe below "+folder+": "+why+advice, c.results("local", probe)[0]["msg"])
	}
}

func TestAFileSystemThatMayNotExecuteIsNamed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "noexec", "none", folder).CombinedOutput(); err != nil {
		lacking(t, "right to mount: "+string(output))
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", folder).Run()) })
	c := newController(t, "ansible_remote_tmp="+folder)
	assert.Regexp(t, "^local: install probe below "+folder+": .*initial_cluster.0/new.*: Permission denied"+advice+"$", c.results("local", probe)[0]["msg"])
	entries, err := os.ReadDir(filepath.Join(folder, "initial_cluster.0"))
	require.NoError(t, err)
	assert.Empty(t, entries)
}

func TestAnUnknownArchitectureIsNamed(t *testing.T) {
	t.Parallel()
	c := newController(t)
	for _, host := range hosts {
		for _, async := range []string{"", "      async: 10\n"} {
			assert.Equal(t, host+": run foreign: the host is "+here.uname+", there are binaries for "+other.uname+" only; delegate the task to a host of that kind",
				c.results(host, "\n  tasks:\n    - metalstack.initial_cluster.foreign:\n"+async)[0]["msg"])
		}
	}
}

func TestABinaryThatIsNotBuiltIsNamed(t *testing.T) {
	t.Parallel()
	c := newController(t)
	assert.Equal(t, "local: run unbuilt: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release",
		c.results("local", "\n  tasks:\n    - metalstack.initial_cluster.unbuilt:\n")[0]["msg"])
}
