// Package imagetest is images of containers, made of Debian packages or of one program, and a registry that real container runtimes pull them
// from.
package imagetest

import (
	"context"
	"crypto/sha256"
	_ "embed" // for what an image of PostgreSQL begins with
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/machines"
)

// postgres is Debian's package of PostgreSQL, and the folder of its programs.
const (
	postgres = "postgresql-15"
	programs = "/usr/lib/postgresql/15/bin"
)

//go:embed entrypoint.sh
var entrypoint []byte

// spared is what a container of PostgreSQL does without: documentation, languages, packages, and the compiler of its queries.
var spared = []string{
	"./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/i18n", "./usr/share/perl*", "./var/cache", "./var/lib/apt", "./var/lib/dpkg",
	"./var/lib/postgresql", "./usr/lib/postgresql/15/lib/bitcode", "./usr/lib/x86_64-linux-gnu/libLLVM*", "./usr/lib/aarch64-linux-gnu/libLLVM*", "./dev/*",
}

// Image is one that can be pushed.
type Image struct {
	Layer      string // path of a tar archive
	Entrypoint []string
	Command    []string
	Path       string // where its programs are
}

// Postgres is an image of a real PostgreSQL that takes POSTGRES_PASSWORD, POSTGRES_DB and PGDATA as the official one does. The first time
// it is made from Debian's packages, which takes a minute; only root can.
func Postgres(t testing.TB) Image {
	t.Helper()
	layer, err := machines.Cached(t.Context(), postgres+"-"+edition()+".tar", makePostgres)
	require.NoError(t, err)
	return Image{Layer: layer, Entrypoint: []string{"/entrypoint.sh"}, Path: programs + ":/usr/bin:/bin"}
}

// edition is another for each other content.
func edition() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%q", entrypoint, spared))
	return hex.EncodeToString(sum[:6])
}

func makePostgres(ctx context.Context, path string) error {
	fmt.Fprintln(os.Stderr, "imagetest: making an image of PostgreSQL, which takes a minute")
	root := path + ".root"
	if err := machines.Debian(ctx, root, postgres); err != nil {
		return fmt.Errorf("make an image of PostgreSQL: %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "entrypoint.sh"), entrypoint, 0o755); err != nil {
		return err
	}
	arguments := []string{"--create", "--file=" + path + ".new", "--directory=" + root, "--numeric-owner", "--wildcards"}
	for _, path := range spared {
		arguments = append(arguments, "--exclude="+path)
	}
	said, err := exec.CommandContext(ctx, "tar", append(arguments, ".")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make an image of PostgreSQL: tar: %w: %s", err, said)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return os.RemoveAll(root)
}
