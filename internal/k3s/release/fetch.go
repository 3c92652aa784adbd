package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Fetch downloads a file of a release, and gives it open at its beginning if it has the SHA-256. The file has no name any more, so that
// nothing is left behind whatever happens; the caller closes it.
func (s Source) Fetch(ctx context.Context, v Version, name, sum string) (*os.File, error) {
	answer, err := s.get(ctx, v, name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	file, err := nameless()
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", name, err)
	}
	if err := s.receive(ctx, answer, file, name, sum); err != nil {
		return nil, errors.Join(fmt.Errorf("download %s: %w", s.address(v, name), err), file.Close())
	}
	return file, nil
}

// nameless makes a file that goes away when it is closed, on a disk rather than in memory.
func nameless() (*os.File, error) {
	file, err := os.CreateTemp("/var/tmp", "k3s_node.*")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func (s Source) receive(ctx context.Context, answer *http.Response, file *os.File, name, sum string) error {
	hash := sha256.New()
	p := &progress{ctx: ctx, name: name, size: answer.ContentLength}
	if _, err := io.Copy(io.MultiWriter(file, hash, p), answer.Body); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("it has the SHA-256 %s, and %s is %s; do not run it before you know why", got, sum, s.origin(name))
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

func (s Source) origin(name string) string {
	if s.Pinned[name] != "" {
		return "pinned"
	}
	return "what the release says"
}

// progress tells how far a download is, once a second.
type progress struct {
	ctx        context.Context
	name       string
	size, done int64
	told       time.Time
}

func (p *progress) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if time.Since(p.told) >= time.Second && p.size > 0 {
		p.told = time.Now()
		wait.Report(p.ctx, "download %s: %d of %d MiB", p.name, p.done>>20, p.size>>20)
	}
	return len(b), nil
}
