package hosttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

func (c contract) write(t *testing.T, f host.File) (changed bool) {
	t.Helper()
	changed, err := c.Write(t.Context(), f)
	require.NoError(t, err)
	return changed
}

func (c contract) info(t *testing.T, path string) host.Info {
	t.Helper()
	info, err := c.Stat(t.Context(), path)
	require.NoError(t, err)
	return info
}

func (c contract) text(t *testing.T, path string) string {
	t.Helper()
	text, err := host.ReadText(t.Context(), c.Host, path)
	require.NoError(t, err)
	return text
}

func (c contract) file(t *testing.T) {
	path := c.dir + "/config.yaml"
	assert.True(t, c.write(t, host.Text(path, 0o640, "token: a\n")))
	first := c.info(t, path)
	assert.Equal(t, fs.FileMode(0o640), first.Mode)
	assert.Equal(t, int64(9), first.Size)
	assert.Equal(t, "token: a\n", c.text(t, path))
	assert.False(t, c.write(t, host.Text(path, 0o640, "token: a\n")))
	assert.Equal(t, first, c.info(t, path))

	assert.True(t, c.write(t, host.Text(path, 0o600, "token: a\n")), "the mode alone differs")
	assert.Equal(t, fs.FileMode(0o600), c.info(t, path).Mode)
	assert.True(t, c.write(t, host.Text(path, 0o600, "token: b\n")), "of the same length")
	assert.Equal(t, "token: b\n", c.text(t, path))
	assert.True(t, c.write(t, host.Text(path, 0o755|fs.ModeSetuid, "")), "empty")
	assert.Equal(t, 0o755|fs.ModeSetuid, c.info(t, path).Mode)
	assert.Equal(t, []string{"config.yaml"}, c.info(t, c.dir).Names, "nothing is left behind")

	_, err := c.Write(t.Context(), host.Text(c.dir+"/none/file", 0o600, ""))
	assert.EqualError(t, err, "write "+c.dir+"/none/file: no such file or directory")
	_, err = c.Write(t.Context(), host.File{Path: path, Mode: 0o600})
	assert.EqualError(t, err, "write "+path+": a file without a content was asked for")
}

func (c contract) replace(t *testing.T) {
	path := c.dir + "/k3s"
	c.write(t, host.Text(path, 0o755, "the old"))
	old, err := c.Read(t.Context(), path)
	require.NoError(t, err)
	defer old.Close()
	c.write(t, host.Text(c.dir+"/.k3s.0123456789abcdef.part", 0o600, "left behind by a write that was killed"))
	c.write(t, host.Link(c.dir+"/elsewhere", path))
	assert.True(t, c.write(t, host.Text(path, 0o755, "the new")))
	text, err := io.ReadAll(old)
	require.NoError(t, err)
	assert.Equal(t, "the old", string(text), "who has it open keeps the old one")
	assert.Equal(t, []string{"elsewhere", "k3s"}, c.info(t, c.dir).Names)

	assert.True(t, c.write(t, host.Text(c.dir+"/elsewhere", 0o600, "no link any more")))
	assert.Equal(t, "the new", c.text(t, path), "a link is replaced, not followed")
}

func (c contract) owner(t *testing.T) {
	path := c.dir + "/file"
	owned := func(owner string) host.File {
		f := host.Text(path, 0o600, "x")
		f.Owner = owner
		return f
	}
	_, err := c.Write(t.Context(), owned("no-such-user"))
	var failed *host.RunError
	require.ErrorAs(t, err, &failed)
	assert.Contains(t, err.Error(), "write "+path+": look up user no-such-user: run id -u -- no-such-user: exit code 1: ")
	assert.Contains(t, err.Error(), "; create it first")
	if strings.TrimSpace(c.run(t, "id", "-u")) != "0" {
		_, err := c.Write(t.Context(), owned("root"))
		require.Error(t, err)
		assert.Regexp(t, "^write "+path+": (operation not permitted|permission denied)$", err.Error(), "SFTP has one code for both")
		return
	}
	assert.True(t, c.write(t, owned("")))
	for _, owner := range []string{"daemon:mail", "1:8"} {
		c.write(t, owned(owner))
		info := c.info(t, path)
		assert.Equal(t, []int{1, 8}, []int{info.UID, info.GID})
		assert.False(t, c.write(t, owned(owner)))
	}
	assert.True(t, c.write(t, owned("root")))
	assert.Equal(t, []int{0, 8}, []int{c.info(t, path).UID, c.info(t, path).GID}, "the group that is not named stays")
	c.write(t, owned("daemon:mail"))
	assert.True(t, c.write(t, host.Text(path, 0o600, "y")))
	assert.Equal(t, 1, c.info(t, path).UID, "a new content keeps the owner")
}

func (c contract) folder(t *testing.T) {
	path := c.dir + "/a/b/c"
	assert.True(t, c.write(t, host.Folder(path, 0o700)))
	assert.Equal(t, fs.ModeDir|0o700, c.info(t, path).Mode)
	assert.Equal(t, fs.ModeDir|0o755, c.info(t, c.dir+"/a").Mode)
	assert.False(t, c.write(t, host.Folder(path, 0o700)))
	c.write(t, host.Text(path+"/kept", 0o600, ""))
	assert.True(t, c.write(t, host.Folder(path, 0o777|fs.ModeSticky)))
	assert.Equal(t, fs.ModeDir|fs.ModeSticky|0o777, c.info(t, path).Mode)
	assert.Equal(t, []string{"kept"}, c.info(t, path).Names)
}

func (c contract) link(t *testing.T) {
	path := c.dir + "/kubectl"
	assert.True(t, c.write(t, host.Link(path, "k3s")))
	assert.Equal(t, "k3s", c.info(t, path).Target)
	assert.Equal(t, fs.ModeSymlink, c.info(t, path).Mode.Type())
	assert.False(t, c.write(t, host.Link(path, "k3s")))
	assert.True(t, c.write(t, host.Link(path, "/opt/bin/k3s")))
	assert.Equal(t, "/opt/bin/k3s", c.info(t, path).Target)
	c.write(t, host.Text(path, 0o600, "a file"))
	assert.True(t, c.write(t, host.Link(path, "k3s")), "in place of a file")
	assert.Equal(t, []string{"kubectl"}, c.info(t, c.dir).Names)
}

func (c contract) inTheWay(t *testing.T) {
	c.write(t, host.Text(c.dir+"/file", 0o600, ""))
	c.write(t, host.Folder(c.dir+"/folder", 0o700))
	_, err := c.Write(t.Context(), host.Text(c.dir+"/folder", 0o600, ""))
	assert.EqualError(t, err, "write "+c.dir+"/folder: is a directory; move the folder out of the way")
	_, err = c.Write(t.Context(), host.Folder(c.dir+"/file", 0o700))
	assert.EqualError(t, err, "write "+c.dir+"/file: not a directory; move what is there out of the way")
	_, err = c.Write(t.Context(), host.File{Path: c.dir + "/pipe", Mode: fs.ModeNamedPipe})
	assert.EqualError(t, err, "write "+c.dir+"/pipe: nothing of mode p--------- can be written")
	_, err = c.Write(t.Context(), host.Text(c.dir+"/setuid", 0o4755, ""))
	assert.EqualError(t, err, "write "+c.dir+"/setuid: nothing of mode -rwxr-xr-x can be written") // Go's bit is fs.ModeSetuid
}

func (c contract) names(t *testing.T) {
	for _, name := range []string{"with space", "two\nlines", `back\slash`, "quote'", "-n", "Zürich", "\xff"} {
		path := c.dir + "/" + name
		assert.True(t, c.write(t, host.Text(path, 0o600, name)), "%q", name)
		assert.False(t, c.write(t, host.Text(path, 0o600, name)), "%q", name)
		assert.Equal(t, name, c.text(t, path))
		changed, err := c.Remove(t.Context(), path)
		assert.NoError(t, err)
		assert.True(t, changed)
	}
}

// big is 20 MiB that do not repeat, and their sum.
func big() (content []byte, sum string) {
	block := sha256.Sum256([]byte("big"))
	for len(content) < 20<<20 {
		content = append(content, block[:]...)
		block = sha256.Sum256(block[:])
	}
	hash := sha256.Sum256(content)
	return content, hex.EncodeToString(hash[:])
}

// reported writes a file and gives the progress that was told.
func (c contract) reported(t *testing.T, f host.File) (changed bool, reports []string, err error) {
	t.Helper()
	ctx := wait.WithReporter(t.Context(), func(state string) { reports = append(reports, state) })
	changed, err = c.Write(ctx, f)
	return changed, reports, err
}

func (c contract) big(t *testing.T) {
	content, sum := big()
	path := c.dir + "/images.tar"
	file := host.File{Path: path, Mode: 0o644, Content: bytes.NewReader(content)}
	changed, reports, err := c.reported(t, file)
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, []string{"write " + path + ": 8 of 20 MiB", "write " + path + ": 16 of 20 MiB", "write " + path + ": 20 of 20 MiB"}, reports)
	there, err := host.SHA256(t.Context(), c.Host, path)
	require.NoError(t, err)
	assert.Equal(t, sum, there)
	changed, reports, err = c.reported(t, file)
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Empty(t, reports)
}

func (c contract) part(t *testing.T) {
	content, sum := big()
	path := c.dir + "/images.tar"
	c.write(t, host.File{Path: c.dir + "/.images.tar." + sum[:16] + ".part", Mode: 0o600, Content: bytes.NewReader(content[:17<<20])})
	changed, reports, err := c.reported(t, host.File{Path: path, Mode: 0o644, Content: bytes.NewReader(content)})
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, []string{"write " + path + ": 20 of 20 MiB"}, reports)
	assert.Equal(t, []string{"images.tar"}, c.info(t, c.dir).Names)
	assert.Equal(t, fs.FileMode(0o644), c.info(t, path).Mode)
}

func (c contract) wrongPart(t *testing.T) {
	content, sum := big()
	path, part := c.dir+"/images.tar", c.dir+"/.images.tar."+sum[:16]+".part"
	other := slices.Clone(content[:17<<20])
	other[0]++
	c.write(t, host.File{Path: part, Mode: 0o600, Content: bytes.NewReader(other)})
	_, _, err := c.reported(t, host.File{Path: path, Mode: 0o644, Content: bytes.NewReader(content)})
	require.Error(t, err)
	assert.Regexp(t, "^write "+path+": what arrived has the SHA-256 [0-9a-f]{64}, and "+sum+" was sent; run it again, it begins anew$", err.Error())
	assert.Empty(t, c.info(t, c.dir).Names)

	c.write(t, host.File{Path: part, Mode: 0o644, Content: bytes.NewReader(other)}) // which others could read
	_, reports, err := c.reported(t, host.File{Path: path, Mode: 0o644, Content: bytes.NewReader(content)})
	require.NoError(t, err)
	assert.Len(t, reports, 3)
}

func (c contract) read(t *testing.T) {
	content, sum := big()
	path := c.dir + "/snapshot"
	c.write(t, host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(content)})
	file, err := c.Read(t.Context(), path)
	require.NoError(t, err)
	hash := sha256.New()
	n, err := io.Copy(hash, file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	assert.Equal(t, int64(len(content)), n)
	assert.Equal(t, sum, hex.EncodeToString(hash.Sum(nil)))
	_, err = host.ReadText(t.Context(), c.Host, path)
	assert.EqualError(t, err, "read "+path+": it is longer than the 16 MiB wanted of it")
}

func (c contract) unreadable(t *testing.T) {
	_, err := c.Read(t.Context(), c.dir+"/none")
	require.EqualError(t, err, "read "+c.dir+"/none: no such file or directory")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = host.ReadText(t.Context(), c.Host, c.dir)
	require.EqualError(t, err, "read "+c.dir+": is a directory")
}

func (c contract) stat(t *testing.T) {
	_, err := c.Stat(t.Context(), c.dir+"/none")
	require.EqualError(t, err, "stat "+c.dir+"/none: no such file or directory")
	require.ErrorIs(t, err, fs.ErrNotExist)
	c.write(t, host.Text(c.dir+"/b", 0o600, "12"))
	c.write(t, host.Text(c.dir+"/a", 0o600, ""))
	c.run(t, "touch", "-d", "2026-01-02T03:04:05Z", c.dir+"/b")
	assert.Equal(t, int64(1767323045), c.info(t, c.dir+"/b").Modified.Unix())
	assert.Equal(t, []string{"a", "b"}, c.info(t, c.dir).Names)
	assert.Equal(t, "/", c.info(t, "/").Target+"/", "the top can be looked at")
}

func (c contract) remove(t *testing.T) {
	c.write(t, host.Folder(c.dir+"/folder/below", 0o700))
	c.write(t, host.Folder(c.dir+"/kept", 0o700))
	c.write(t, host.Text(c.dir+"/kept/file", 0o600, ""))
	c.write(t, host.Text(c.dir+"/folder/below/file", 0o600, ""))
	c.write(t, host.Link(c.dir+"/folder/link", c.dir+"/kept"))
	c.write(t, host.Link(c.dir+"/folder/dead", "nowhere"))
	for _, want := range []bool{true, false} {
		changed, err := c.Remove(t.Context(), c.dir+"/folder")
		require.NoError(t, err)
		assert.Equal(t, want, changed)
	}
	assert.Equal(t, []string{"kept"}, c.info(t, c.dir).Names)
	assert.Equal(t, []string{"file"}, c.info(t, c.dir+"/kept").Names)
}

func (c contract) relative(t *testing.T) {
	_, err := c.Read(t.Context(), "file")
	assert.EqualError(t, err, `path "file": an absolute path below / is wanted`)
	_, err = c.Write(t.Context(), host.Text("./file", 0o600, ""))
	assert.EqualError(t, err, `path "./file": an absolute path below / is wanted`)
	for _, path := range []string{"", ".", "/", "//", "/a/.."} {
		_, err = c.Remove(t.Context(), path)
		assert.EqualError(t, err, `path "`+path+`": an absolute path below / is wanted`)
	}
	_, err = c.Stat(t.Context(), "file")
	assert.EqualError(t, err, `path "file": an absolute path is wanted`)
}

func (c contract) ended(t *testing.T) {
	content, _ := big()
	ctx, cancel := context.WithCancelCause(t.Context())
	path := c.dir + "/images.tar"
	reporting := wait.WithReporter(ctx, func(string) { cancel(errors.New("signal SIGTERM")) })
	_, err := c.Write(reporting, host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(content)})
	require.EqualError(t, err, "write "+path+": interrupted: signal SIGTERM")
	_, err = c.Stat(t.Context(), path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	changed, reports, err := c.reported(t, host.File{Path: path, Mode: 0o600, Content: bytes.NewReader(content)})
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Len(t, c.info(t, c.dir).Names, 1)
	assert.LessOrEqual(t, len(reports), 3)
}
