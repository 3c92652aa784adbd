package kubetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Build builds the binaries of all servers into .cache/kube of the repository, if what is there is not current, and tells the path of the
// main one. The first time takes minutes; what the build prints goes to the terminal. The go command must be run within the repository.
func Build(ctx context.Context) (string, error) {
	top, err := repository(ctx)
	if err != nil {
		return "", err
	}
	make := exec.CommandContext(ctx, "make", "--no-print-directory", "-C", top, "kube")
	make.Stdout, make.Stderr = os.Stderr, os.Stderr
	if err := make.Run(); err != nil {
		return "", fmt.Errorf("build Kubernetes: make kube: %w", err)
	}
	return filepath.Join(top, binary), nil
}

// binary is where the Makefile builds it.
const binary = ".cache/kube/kube"

// Find is the path of the binary if it was built before. Without it a test is skipped, or fails where CI is true.
func Find(t testing.TB) string {
	t.Helper()
	top, err := repository(t.Context())
	require.NoError(t, err)
	path := filepath.Join(top, binary)
	if _, err := os.Stat(path); err != nil {
		missing := "needs the Kubernetes of the tests, " + path + "; make kube builds it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}

// Run starts a cluster for a test, which stops it at its end. Without a folder it has one of the test.
func Run(t testing.TB, o Options) *Cluster {
	t.Helper()
	o.Binary = Find(t)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	cluster, err := Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	return cluster
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
