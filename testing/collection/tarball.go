package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// limit is the largest tarball in bytes that Galaxy takes ("20 MB" in Ansible's developing_collections_distributing).
const limit = 20_000_000

// tarball is a built collection.
type tarball struct {
	path string
	size int64
	// raw are the sizes of its binaries, "linux_amd64/gcp_auth" first.
	raw []binary
}

type binary struct {
	name string
	size int64
}

func (t tarball) describe(w io.Writer) error {
	for _, b := range t.raw {
		if _, err := fmt.Fprintf(w, "%-32s %6.1f MB\n", b.name, float64(b.size)/1e6); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s %.1f MB, of the %.0f MB that Galaxy takes\n", t.path, float64(t.size)/1e6, limit/1e6)
	return err
}

// buildTarball builds the collection for all platforms in a clean copy of the repository, and packs it into the folder.
func buildTarball(ctx context.Context, folder string) (tarball, error) {
	stage, err := os.MkdirTemp("", "collection-")
	if err != nil {
		return tarball{}, err
	}
	defer os.RemoveAll(stage)
	collection := filepath.Join(stage, "collection")
	if err := copyTracked(ctx, collection); err != nil {
		return tarball{}, fmt.Errorf("copy the repository: %w", err)
	}
	if err := buildInto(ctx, collection, platforms); err != nil {
		return tarball{}, err
	}
	packed, err := pack(ctx, collection, stage)
	if err != nil {
		return tarball{}, err
	}
	t := tarball{path: filepath.Join(folder, filepath.Base(packed))}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return tarball{}, err
	}
	if err := normalizeFile(packed, t.path); err != nil {
		return tarball{}, fmt.Errorf("normalize %s: %w", filepath.Base(packed), err)
	}
	return t, t.measure(collection)
}

// copyTracked copies what git tracks, as it is in the work tree: nothing else that lies around gets published.
func copyTracked(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w; the tarball is built from a git checkout", describe(err))
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := copyFile(name, filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func describe(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}

// pack has ansible-galaxy make the tarball, and gives its path.
func pack(ctx context.Context, collection, folder string) (string, error) {
	cmd := exec.CommandContext(ctx, "ansible-galaxy", "collection", "build", "--output-path", folder, collection)
	cmd.Env = append(os.Environ(), "ANSIBLE_CONFIG=/dev/null")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("ansible-galaxy collection build: %w: %s", err, bytes.TrimSpace(output))
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.tar.gz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("ansible-galaxy collection build: made %d tarballs, not one: %w", len(found), err)
	}
	return found[0], nil
}

func normalizeFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(to)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	return errors.Join(normalize(r, buffered), buffered.Flush(), w.Close())
}

// normalize writes the tarball anew without what differs from build to build: ansible-galaxy puts in the times of the files and
// of the build. Order, owners and modes are the same every time already.
func normalize(r io.Reader, w io.Writer) error {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	in, out := tar.NewReader(unzipped), tar.NewWriter(zipped)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return errors.Join(out.Close(), zipped.Close())
		}
		if err != nil {
			return err
		}
		plain := &tar.Header{Typeflag: header.Typeflag, Name: header.Name, Linkname: header.Linkname, Size: header.Size, Mode: header.Mode, ModTime: time.Unix(0, 0)}
		if err := out.WriteHeader(plain); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

// measure fills in the sizes; a tarball that Galaxy would not take is an error.
func (t *tarball) measure(collection string) error {
	info, err := os.Stat(t.path)
	if err != nil {
		return err
	}
	t.size = info.Size()
	top := filepath.Join(collection, binaries)
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Dir(path) == top {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		t.raw = append(t.raw, binary{strings.TrimPrefix(path, top+"/"), info.Size()})
		return nil
	})
	if err == nil && t.size > limit {
		err = fmt.Errorf("%s: is %d bytes, Galaxy takes %d; docs/design.md says what then", t.path, t.size, limit)
	}
	return err
}
