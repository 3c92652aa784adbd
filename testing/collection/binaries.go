package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// platforms are those that the tarball has binaries for.
var platforms = []string{"linux_amd64", "linux_arm64"}

// binaries is where they lie in a collection; the action plugin looks there, too.
const binaries = "plugins/module_utils/bin"

// modules lists the modules of the repository in the current folder.
func modules() ([]string, error) {
	mains, err := filepath.Glob("modules/*/main.go")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, main := range mains {
		names = append(names, filepath.Base(filepath.Dir(main)))
	}
	if names == nil {
		return nil, errors.New("there is no modules/*/main.go; run it in the top folder of the repository")
	}
	return names, nil
}

// buildInto builds the modules for the platforms into a collection: the binaries, links to them, and their manifest.
func buildInto(ctx context.Context, collection string, platforms []string) error {
	names, err := modules()
	if err != nil {
		return err
	}
	g, err := readGalaxy()
	if err != nil {
		return err
	}
	manifest := map[string]map[string]string{}
	for _, platform := range platforms {
		folder := filepath.Join(collection, binaries, platform)
		if err := compile(ctx, folder, platform, names, g.Version); err != nil {
			return fmt.Errorf("build the modules for %s: %w", platform, err)
		}
		if err := addSums(manifest, folder, platform, names); err != nil {
			return err
		}
		if err := link(collection, platform, names); err != nil {
			return err
		}
	}
	return writeManifest(filepath.Join(collection, binaries, "manifest.json"), manifest)
}

// compile builds the modules so that the same sources give the same bytes, whoever builds them and where.
func compile(ctx context.Context, folder, platform string, names []string, version string) error {
	goos, goarch, ok := strings.Cut(platform, "_")
	if !ok {
		return fmt.Errorf("platform %q: is not of the form linux_amd64", platform)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var lean, full []string
	for _, name := range names {
		if strings.HasPrefix(name, "k3s_") {
			lean = append(lean, "./modules/"+name)
		} else {
			full = append(full, "./modules/"+name)
		}
	}
	link := "-s -w -X github.com/metal-stack/initial-cluster/internal/ansible.Version=" + version
	out := []string{"build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", folder + "/"}
	if err := goBuild(ctx, goos, goarch, "", slices.Concat(out, []string{"-tags", "grpcnotrace", "-ldflags", link}, full)); err != nil {
		return err
	}
	return goBuild(ctx, goos, goarch, leanExperiment, slices.Concat(out, leanFlags, []string{"-ldflags", link + " -funcalign=1"}, lean))
}

// leanFlags are for modules that travel to each machine of a cluster, and wait for others most of their time: without HTTP/2, inlining and
// padding between functions they are a sixth smaller.
var leanFlags = []string{"-tags", "nethttpomithttp2", "-gcflags=all=-l"}

// leanExperiment takes Go's garbage collector of before 1.26, which is 45 KB smaller.
const leanExperiment = "nogreenteagc"

func goBuild(ctx context.Context, goos, goarch, experiment string, args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT="+experiment, "GOWORK=off")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func addSums(manifest map[string]map[string]string, folder, platform string, names []string) error {
	for _, name := range names {
		sum, err := sha256File(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if manifest[name] == nil {
			manifest[name] = map[string]string{}
		}
		manifest[name][platform] = sum
	}
	return nil
}

func sha256File(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// writeManifest replaces the file in one step: a play may be reading it.
func writeManifest(path string, manifest map[string]map[string]string) error {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// leaveOut takes modules' binaries out of a collection again.
func leaveOut(collection string, names []string) error {
	path := filepath.Join(collection, binaries, "manifest.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var manifest map[string]map[string]string
	if err := json.Unmarshal(content, &manifest); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for _, name := range names {
		for platform := range manifest[name] {
			err = errors.Join(err, os.Remove(filepath.Join(collection, binaries, platform, name)), os.Remove(filepath.Join(collection, "plugins/modules", platform, name)))
		}
		delete(manifest, name)
	}
	return errors.Join(err, writeManifest(path, manifest))
}

// link makes plugins/modules/PLATFORM/NAME lead to the binary, for Ansible's own way to run a module (an action plugin can ask for
// metalstack.initial_cluster.PLATFORM.NAME). A link plugins/modules/NAME would hide the documentation in NAME.py from ansible-lint.
func link(collection, platform string, names []string) error {
	folder := filepath.Join(collection, "plugins/modules", platform)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		path, target := filepath.Join(folder, name), filepath.Join("../../module_utils/bin", platform, name)
		if found, err := os.Readlink(path); err == nil && found == target {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(target, path); err != nil {
			return err
		}
	}
	return nil
}
