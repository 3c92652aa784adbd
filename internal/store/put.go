package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// upload is a Put under way, over all its attempts.
type upload struct {
	Content
	left  any   // what a backend needs to go on
	safe  int64 // how many bytes need not be sent again
	tried int
}

// cleanup is how long removing what a failed upload left may take.
const cleanup = 10 * time.Second

// Put is of Store.
func (g *guard) Put(ctx context.Context, c Content) error {
	if err := g.check(c.Name); err != nil {
		return err
	}
	c.SHA256 = strings.ToLower(c.SHA256)
	u := &upload{Content: c}
	err := g.again(ctx, "put "+c.Name, func(ctx context.Context) (int64, error) {
		u.tried++
		err := g.put(ctx, u)
		if u.tried > 1 && err != nil && errors.Is(explained(g, err), fs.ErrExist) && g.ours(ctx, c) { // an attempt whose answer was lost
			err = nil
		}
		return u.safe, err
	})
	if err == nil {
		g.remember(c.Name, true)
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_, failed := bounded(last, simply(func(ctx context.Context) error { return g.abandon(ctx, u) }))
	if failed != nil {
		wait.Report(ctx, "%s: put %s: what the upload left stays for the next sweep: %s", g, c.Name, explained(g, failed).why)
	}
	return err
}

// ours tells whether what is under the name is this content.
func (g *guard) ours(ctx context.Context, c Content) bool {
	content, _, err := g.get(ctx, c.Name, 0)
	if err != nil {
		return false
	}
	defer content.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, io.LimitReader(watched{ctx, content}, c.Size+1))
	return err == nil && hex.EncodeToString(hash.Sum(nil)) == c.SHA256
}

// verify compares what was read for an upload with what was to be read.
func (u *upload) verify(hash hash.Hash) error {
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != u.SHA256 {
		return corrupt("look at the disk it is read from, and make it anew", "what is to be put has the SHA-256 %s instead of %s", sum, u.SHA256)
	}
	return nil
}

// section is a part of the content, to be read as one stream.
func (u *upload) section(from, size int64) *io.SectionReader {
	return io.NewSectionReader(u.Data, from, size)
}

// took notes how many bytes need not be sent again, and tells people who wait for a big content.
func (u *upload) took(ctx context.Context, safe int64) {
	u.safe = max(u.safe, safe)
	if u.Size >= worthTelling {
		wait.Report(ctx, "put %s: %d of %d MiB", u.Name, u.safe>>20, u.Size>>20)
	}
}

// worthTelling is from how many bytes on people are told how far it is.
const worthTelling = 64 << 20
