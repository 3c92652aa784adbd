package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sizeLimits are the largest binaries in bytes that we put up with: they travel to targets.
var sizeLimits = map[string]int64{
	"cluster_info": 8_000_000, "gcp_auth": 8_000_000, "gcp_create": 15_000_000, "metal_control_plane": 65_000_000,
	"metalstack_cloud_cluster": 8_500_000, "etcd_backup": 28_000_000, "k3s_cluster": 7_500_000, "k3s_node": 8_000_000, "k3s_preflight": 6_000_000,
}

func TestTheTarball(t *testing.T) {
	t.Chdir("../..")
	g, err := readGalaxy()
	require.NoError(t, err)
	built, err := buildTarballs(t.Context(), t.TempDir())
	require.NoError(t, err)

	t.Run("is the same when built again", func(t *testing.T) {
		again, err := buildTarballs(t.Context(), t.TempDir())
		require.NoError(t, err)
		assert.True(t, bytes.Equal(read(t, built.release.path), read(t, again.release.path)))
		assert.True(t, bytes.Equal(read(t, built.galaxy.path), read(t, again.galaxy.path)))
	})
	t.Run("lacks on Galaxy the binaries beyond its limit, and nothing else", func(t *testing.T) {
		var all, light []string
		for _, e := range built.release.entries {
			if dir := path.Dir(e.name); !slices.Contains(beyondGalaxy, path.Base(e.name)) || !strings.HasPrefix(path.Base(dir), "linux_") {
				all = append(all, e.name)
			}
		}
		for _, e := range built.galaxy.entries {
			light = append(light, e.name)
		}
		assert.Equal(t, all, light)
	})
	t.Run("holds what users need, and nothing else", func(t *testing.T) {
		for _, e := range built.release.entries {
			top, _, _ := strings.Cut(e.name, "/")
			assert.Contains(t, []string{"CHANGELOG.md", "LICENSE", "README.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}, top, e.name)
			assert.NotEqual(t, ".go", filepath.Ext(e.name), e.name)
		}
	})
	t.Run("is installed by ansible-galaxy, and its modules work", func(t *testing.T) {
		installed(t, built.release.path, g.Version)
	})
}

// installed installs the tarball and uses it as an operator would.
func installed(t *testing.T, tarball, version string) {
	home := t.TempDir()
	ansible := ansibleIn(t, home)
	ansible("ansible-galaxy", "collection", "install", "--offline", tarball)
	ansible("ansible-galaxy", "collection", "verify", "--offline", "metalstack.initial_cluster")
	documented := ansible("ansible-doc", "--list", "metalstack.initial_cluster")
	folder := filepath.Join(home, "collections/ansible_collections/metalstack/initial_cluster")

	names, err := modules()
	require.NoError(t, err)
	for _, name := range names {
		assert.Contains(t, documented, "metalstack.initial_cluster."+name)
		assert.Contains(t, ansible("ansible-doc", "metalstack.initial_cluster."+name), "ATTRIBUTES:", name)
		assert.NoFileExists(t, filepath.Join(folder, "plugins/modules", name), "it would hide %s.py from ansible-lint", name)
		for platform, machine := range map[string]elf.Machine{"linux_amd64": elf.EM_X86_64, "linux_arm64": elf.EM_AARCH64} {
			checkBinary(t, folder, platform, name, machine)
		}
		output, err := exec.CommandContext(t.Context(), filepath.Join(folder, binaries, "linux_"+runtime.GOARCH, name), "--version").Output()
		require.NoError(t, err)
		assert.Equal(t, name+" "+version+"\n", string(output))
	}
	for _, name := range []string{"gcp_auth", "linux_" + runtime.GOARCH + ".gcp_auth"} {
		said := ansible("ansible", "localhost", "-m", "metalstack.initial_cluster."+name, "-a", "state=absent gcloud=true")
		assert.Contains(t, said, `"changed": false`, name)
	}
}

// ansibleIn gives a function that runs a command of the virtual environment, away from the checkout and the user's settings.
func ansibleIn(t *testing.T, home string) func(command ...string) string {
	venv, err := filepath.Abs(".cache/venv/bin")
	require.NoError(t, err)
	if _, err := os.Stat(venv); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no virtual environment; make venv")
	}
	return func(command ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(venv, command[0]), command[1:]...)
		cmd.Dir = home
		cmd.Env = []string{"PATH=" + venv + ":/usr/bin:/bin", "HOME=" + home, "LC_ALL=C.UTF-8", "ANSIBLE_COLLECTIONS_PATH=" + filepath.Join(home, "collections"), "NO_COLOR=1"}
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", strings.Join(command, " "), output)
		return string(output)
	}
}

// checkBinary holds a binary against its sum in the manifest, the machine it is for and the size it may have. It must be static.
func checkBinary(t *testing.T, folder, platform, name string, machine elf.Machine) {
	path := filepath.Join(folder, binaries, platform, name)
	content := read(t, path)
	var manifest map[string]map[string]string
	require.NoError(t, json.Unmarshal(read(t, filepath.Join(folder, binaries, "manifest.json")), &manifest))
	sum, err := sha256File(path)
	require.NoError(t, err)
	assert.Equal(t, sum, manifest[name][platform])

	file, err := elf.NewFile(bytes.NewReader(content))
	require.NoError(t, err)
	assert.Equal(t, machine, file.Machine, path)
	for _, program := range file.Progs {
		assert.NotEqual(t, elf.PT_INTERP, program.Type, "%s: is linked dynamically", path)
	}
	limit, ok := sizeLimits[name]
	require.True(t, ok, "%s: has no size limit", name)
	assert.LessOrEqual(t, int64(len(content)), limit, path)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
