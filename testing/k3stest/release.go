// Package k3stest gives tests the k3s of testing/kube/k3s in several versions, and small machines to run it on: namespaces with a name,
// an address, files and processes of their own. Whole Debian machines with systemd are another package's.
package k3stest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Versions are those that tests upgrade through: two patches of a minor, and the next minor. The binary's Kubernetes is the last; of an
// earlier minor it takes the features.
var Versions = []string{"v1.35.4+k3s1", "v1.35.6+k3s1", "v1.36.3+k3s1"}

// Build builds the binary, if what is there is not current, and tells its path. The first time takes minutes.
func Build(ctx context.Context) (string, error) {
	top, err := repository(ctx)
	if err != nil {
		return "", err
	}
	make := exec.CommandContext(ctx, "make", "--no-print-directory", "-C", top, "k3s")
	make.Stdout, make.Stderr = os.Stderr, os.Stderr
	if err := make.Run(); err != nil {
		return "", fmt.Errorf("build k3s: make k3s: %w", err)
	}
	return filepath.Join(top, binary), nil
}

// binary is where the Makefile builds it.
const binary = ".cache/kube/k3s"

// Find is the path of the release of a version. Where no binary was built before, the test is skipped, or fails where CI is true.
func Find(t testing.TB, version string) string {
	t.Helper()
	top, err := repository(t.Context())
	require.NoError(t, err)
	path := filepath.Join(top, binary)
	if _, err := os.Stat(path); err != nil {
		skip(t, "needs the k3s of the tests, "+path+"; make k3s builds it")
	}
	release, err := Release(path, version)
	require.NoError(t, err)
	return release
}

// skip skips a test for what the machine lacks. Where CI is true nothing may be lacking.
func skip(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// The trailer that tells the binary its version, as testing/kube/k3s/stamp reads it.
const (
	mark = "\nk3s-version="
	size = 64
)

// Release makes the release of a version beside the binary, unless it is there and no older, and tells its path. Releases differ in
// their last bytes and so in their SHA-256.
func Release(binary, version string) (string, error) {
	path := binary + "-" + version
	built, err := os.Stat(binary)
	if err != nil {
		return "", err
	}
	if made, err := os.Stat(path); err == nil && !made.ModTime().Before(built.ModTime()) {
		return path, nil
	}
	trailer := mark + version
	if len(trailer) > size {
		return "", fmt.Errorf("release %s: the version is too long", version)
	}
	if err := stamp(binary, path, trailer+strings.Repeat(" ", size-len(trailer))); err != nil {
		return "", fmt.Errorf("release %s: %w", version, err)
	}
	return path, nil
}

// stamp copies the binary and adds the trailer. Tests of several packages may do it at the same time.
func stamp(binary, path, trailer string) error {
	from, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		_, err = io.WriteString(to, trailer)
	}
	if err := errors.Join(err, to.Chmod(0o755), to.Close()); err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return os.Rename(to.Name(), path)
}

func repository(ctx context.Context) (string, error) {
	file, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: go env GOMOD: %w", err)
	}
	path := string(bytes.TrimSpace(file))
	if path == "" || path == os.DevNull {
		return "", errors.New("find the repository: not within one")
	}
	return filepath.Dir(path), nil
}
