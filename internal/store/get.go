package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// download is a Get under way, over all its attempts.
type download struct {
	guard   *guard
	name    string
	version string
	read    int64
	to      io.Writer
	refused error // by the writer
}

// Get is of Store.
func (g *guard) Get(ctx context.Context, name string, to io.Writer) (Sum, error) {
	if err := g.check(name); err != nil {
		return Sum{}, err
	}
	hash := sha256.New()
	d := &download{guard: g, name: name, to: io.MultiWriter(to, hash)}
	if err := g.again(ctx, "get "+name, d.attempt); err != nil {
		return Sum{}, err
	}
	return Sum{Size: d.read, SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}

func (d *download) attempt(ctx context.Context) (int64, error) {
	content, version, err := d.guard.get(ctx, d.name, d.read)
	if err != nil {
		if d.read > 0 && errors.Is(explained(d.guard, err), fs.ErrNotExist) {
			err = d.changed()
		}
		return d.read, err
	}
	defer content.Close()
	if d.read > 0 && version != d.version {
		return d.read, d.changed()
	}
	d.version = version
	_, err = io.Copy(d, watched{ctx, content})
	if d.refused != nil {
		err = &problem{why: fmt.Sprintf("what is read cannot be written: %v", d.refused), next: "look at the disk it is written to", kind: d.refused}
	}
	return d.read, err
}

func (d *download) changed() error {
	return corrupt("run it again", "it was replaced while it was read")
}

// Write passes on what was read.
func (d *download) Write(p []byte) (int, error) {
	n, err := d.to.Write(p)
	d.read += int64(n)
	d.refused = err
	return n, err
}
