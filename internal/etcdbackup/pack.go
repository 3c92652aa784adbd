package etcdbackup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/seal"
)

// proveToken wants the token to open the snapshot's bootstrap data, before a backup says that it has what a restore needs.
func (r *run) proveToken() error {
	if r.Origin.Token == "" {
		return nil
	}
	if len(r.Keys.Recipients) == 0 {
		return errors.New("refusing to store the k3s server token without encryption; give recipients")
	}
	return k3s.Opens(r.Origin.Token, r.facts.Bootstrap)
}

// sealed is what is to be stored.
type sealed struct {
	key      seal.Key
	content  manifest.Sum
	snapshot string // the SHA-256 of the snapshot that went into it
}

// store puts the backup into every store that could be listed. Meanwhile what was sealed is opened again, which is to succeed before it counts.
func (r *run) store(ctx context.Context, outcome *Outcome) error {
	if r.sealed.snapshot != r.facts.SHA256 {
		return fmt.Errorf("seal the backup: the snapshot in %s changed while it was read; is that disk sound?", r.Work.Dir)
	}
	content, err := os.Open(r.content())
	if err != nil {
		return err
	}
	opening, cancel := context.WithCancel(ctx)
	opened := make(chan error, 1)
	go func() { opened <- r.opens(opening) }()
	proved := sync.OnceValue(func() error { return <-opened })
	failures, stored := r.past.failures, &outcome.Acknowledged
	if r.manifest.Quarantine != "" {
		stored = &outcome.Quarantined
	}
	for _, v := range r.past.vaults {
		if err := v.acknowledge(ctx, r.manifest, content, proved); err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		outcome.Manifest = r.manifest
		*stored = append(*stored, v.Store.String())
	}
	cancel()
	_ = proved() // it is told above, if anything came as far
	return errors.Join(failures, content.Close())
}

// opens wants what was sealed to open, and to have the snapshot in it.
func (r *run) opens(ctx context.Context) error {
	content, err := os.Open(r.content())
	if err != nil {
		return err
	}
	defer content.Close()
	if err := open(ctx, r.manifest, content, r.sealed.key.Identity(), io.Discard, nil); err != nil {
		return fmt.Errorf("open what was sealed in %s: %w; is that disk sound?", r.Work.Dir, err)
	}
	return nil
}

// seal writes the content, and notes the sums of what went in and of what came out.
func (r *run) seal(ctx context.Context) error {
	database, err := os.Open(r.file())
	if err != nil {
		return err
	}
	defer database.Close()
	info, err := database.Stat()
	if err != nil {
		return err
	}
	small, err := r.small()
	if err != nil {
		return err
	}
	plain := sha256.New()
	files := append([]seal.File{{Name: databaseFile, Size: info.Size(), Content: io.TeeReader(database, plain)}}, small...)
	return create(ctx, r.content(), func(f *os.File) (err error) {
		stored := &summing{to: f, hash: sha256.New()}
		if r.sealed.key, err = seal.Seal(ctx, stored, r.Keys.Recipients, files...); err != nil {
			return err
		}
		r.sealed.snapshot = hex.EncodeToString(plain.Sum(nil))
		r.sealed.content = manifest.Sum{Size: stored.size, SHA256: hex.EncodeToString(stored.hash.Sum(nil))}
		return nil
	})
}

// small are the files beside the database. Those of k3s hold tokens, so they go with the token or not at all.
func (r *run) small() ([]seal.File, error) {
	var files []seal.File
	add := func(name string, content []byte) {
		files = append(files, seal.File{Name: name, Size: int64(len(content)), Content: bytes.NewReader(content)})
	}
	if r.from.member != nil {
		add(membersFile, []byte(strings.Join(r.from.member.Members, "\n")+"\n"))
	}
	if r.Origin.Token == "" || len(r.Keys.Recipients) == 0 {
		return files, nil
	}
	add(tokenFile, []byte(r.Origin.Token+"\n")) // the one that is proved
	if r.Origin.K3s == nil {
		return files, nil
	}
	found, err := r.Origin.K3s.Files()
	beside := 0
	for _, f := range found {
		if beside += len(f.Content) + tarBlock; f.Name != tokenFile {
			add(f.Name, f.Content)
		}
	}
	if err == nil && beside > maxBeside-slack {
		err = fmt.Errorf("k3s' configuration and manifests have %d MiB, and at most %d are expected; move out of their folders what is not k3s'", beside>>20, (maxBeside-slack)>>20)
	}
	return files, err
}

// summing hashes and counts what is written through it.
type summing struct {
	to   io.Writer
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	size int64
}

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	_, _ = s.hash.Write(p[:n]) // never fails
	s.size += int64(n)
	return n, err
}
