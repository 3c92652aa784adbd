package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// limit is the largest tarball in bytes that Galaxy takes ("20 MB" in Ansible's developing_collections_distributing).
const limit = 20_000_000

// beyondGalaxy are the modules whose binaries Galaxy's edition lacks, as they would break the limit. Their documentation is in it.
var beyondGalaxy = []string{"cluster_info", "etcd_backup", "k3s_cluster", "k3s_node", "k3s_preflight", "metal_control_plane", "metalstack_cloud_cluster"}

// tarball is a built collection.
type tarball struct {
	path    string
	size    int64
	entries []entry
}

// describe lists the sizes of the binaries and of the whole.
func (t tarball) describe(w io.Writer) error {
	for _, e := range t.entries {
		if name, ok := strings.CutPrefix(e.name, binaries+"/"); ok && e.mode == 0o755 {
			if _, err := fmt.Fprintf(w, "%-32s %6.1f MB\n", name, float64(e.size)/1e6); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "%s: %.1f MB\n", t.path, float64(t.size)/1e6)
	return err
}

// editions are the collection as it is published: with all binaries on its release page, and on Galaxy without those beyondGalaxy.
type editions struct{ release, galaxy tarball }

// buildTarballs builds the collection for all platforms and packs it into the folder, Galaxy's edition into its subfolder galaxy. The
// same sources give the same bytes, which ansible-galaxy collection build would not: it writes times, and files in the order of the disk.
func buildTarballs(ctx context.Context, folder string) (e editions, err error) {
	g, err := readGalaxy()
	if err != nil {
		return e, err
	}
	built, err := os.MkdirTemp("", "collection-")
	if err != nil {
		return e, err
	}
	defer os.RemoveAll(built)
	if err := buildInto(ctx, built, platforms); err != nil {
		return e, err
	}
	if e.release, err = g.pack(ctx, built, folder); err != nil {
		return e, err
	}
	if err := leaveOut(built, beyondGalaxy); err != nil {
		return e, err
	}
	if e.galaxy, err = g.pack(ctx, built, filepath.Join(folder, "galaxy")); err != nil {
		return e, err
	}
	if e.galaxy.size > limit {
		return e, fmt.Errorf("%s: is %d bytes, Galaxy takes %d; docs/design.md says what then", e.galaxy.path, e.galaxy.size, limit)
	}
	return e, nil
}

func (g galaxy) pack(ctx context.Context, built, folder string) (t tarball, err error) {
	t.path = filepath.Join(folder, g.tarball())
	if t.entries, err = g.content(ctx, built); err != nil {
		return t, err
	}
	if err := t.write(g); err != nil {
		return t, fmt.Errorf("write %s: %w", t.path, err)
	}
	info, err := os.Stat(t.path)
	if err != nil {
		return t, err
	}
	t.size = info.Size()
	return t, nil
}

func (t tarball) write(g galaxy) error {
	files, err := filesJSON(t.entries)
	if err != nil {
		return err
	}
	manifest, err := manifestJSON(g, files)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(t.path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(t.path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(f)
	return errors.Join(writeArchive(buffered, manifest, files, t.entries), buffered.Flush(), f.Close())
}

func writeArchive(w io.Writer, manifest, files []byte, entries []entry) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	err = errors.Join(
		writeText(archive, "MANIFEST.json", manifest),
		writeText(archive, "FILES.json", files),
	)
	for _, e := range entries {
		err = errors.Join(err, writeEntry(archive, e))
	}
	return errors.Join(err, archive.Close(), zipped.Close())
}

// epoch is the time of every file.
var epoch = time.Unix(0, 0)

func writeText(archive *tar.Writer, name string, text []byte) error {
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text)), ModTime: epoch}); err != nil {
		return err
	}
	_, err := archive.Write(text)
	return err
}

func writeEntry(archive *tar.Writer, e entry) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: int64(e.mode.Perm()), Size: e.size, ModTime: epoch}
	switch {
	case e.mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, e.name+"/"
	case e.link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	}
	if err := archive.WriteHeader(header); err != nil || header.Typeflag != tar.TypeReg {
		return err
	}
	f, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(archive, f)
	return err
}
