// Package seal packs a backup into one content and opens it again: a tar, compressed with zstd, encrypted with age, so that without this
// program `age -d -i KEY | zstd -d | tar x` opens it. Who can't decrypt learns the size alone; who can is told of every change.
package seal

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// File is one of the files in a backup.
type File struct {
	Name    string // with slashes, relative
	Size    int64
	Content io.Reader // gives exactly Size bytes
}

// Key opens one content again as long as it is remembered. It is nil for what is not encrypted.
type Key []byte

// Seal writes the files. Without recipients the content is not encrypted. What it gives opens the content without anybody's private key.
func Seal(ctx context.Context, to io.Writer, recipients []age.Recipient, files ...File) (Key, error) {
	var key Key
	layers := []io.WriteCloser{}
	if len(recipients) > 0 {
		encrypted, err := age.Encrypt(to, remember(recipients, &key)...)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		layers, to = append(layers, encrypted), encrypted
	}
	compressed, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	packed := tar.NewWriter(compressed)
	layers = append(layers, compressed, packed)
	err = pack(ctx, packed, files)
	for i := len(layers) - 1; i >= 0 && err == nil; i-- {
		err = layers[i].Close()
	}
	return key, err
}

func pack(ctx context.Context, to *tar.Writer, files []File) error {
	for _, f := range files {
		if err := to.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: f.Size, Typeflag: tar.TypeReg}); err != nil {
			return fmt.Errorf("pack %s: %w", f.Name, err)
		}
		if _, err := io.Copy(to, interruptible{ctx, f.Content}); err != nil {
			return fmt.Errorf("pack %s: %w", f.Name, err)
		}
	}
	return nil
}

// interruptible ends with a context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	return i.Reader.Read(p)
}

// Identity makes of a key what Open takes.
func (k Key) Identity() []age.Identity {
	if k == nil {
		return nil
	}
	return []age.Identity{age.NewInjectedFileKeyIdentity(k)}
}

// maxWindow is that of zstd's format for everyone, 8 MiB: a content that wants more is none of ours.
const maxWindow = 8 << 20

// maxBehind bounds what is behind the files of a tar, which pads its end with zeros, in bytes.
const maxBehind = 1 << 20

// Open reads a content to its end and shows each file. Without identities it must not be encrypted. The error of a change or a cut may come
// after all files were shown: use nothing before it is nil.
func Open(ctx context.Context, from io.Reader, identities []age.Identity, show func(name string, size int64, content io.Reader) error) error {
	var err error
	from = interruptible{ctx, from}
	if len(identities) > 0 {
		if from, err = age.Decrypt(from, identities...); err != nil {
			return fmt.Errorf("decrypt: %w", err)
		}
	}
	plain, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	defer plain.Close()
	if err := unpack(tar.NewReader(plain), show); err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, plain, maxBehind); !errors.Is(err, io.EOF) { // what proves the end is behind the tar's
		return fmt.Errorf("read to the end: %w", cmp.Or(err, fmt.Errorf("there are more than %d bytes behind the files", n)))
	}
	if n, err := from.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("read to the end: %w", errors.Join(err, errors.New("there is something behind it")))
	}
	return nil
}

func unpack(from *tar.Reader, show func(string, int64, io.Reader) error) error {
	for {
		header, err := from.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		switch {
		case !filepath.IsLocal(header.Name):
			return fmt.Errorf("unpack %s: its name leads out of the folder", header.Name)
		case header.Typeflag != tar.TypeReg:
			return fmt.Errorf("unpack %s: it is no file", header.Name)
		}
		if err := show(header.Name, header.Size, from); err != nil {
			return fmt.Errorf("unpack %s: %w", header.Name, err)
		}
	}
}
