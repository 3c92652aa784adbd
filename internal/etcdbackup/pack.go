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
	"path/filepath"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/seal"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// proveToken wants the token to open the snapshot's bootstrap data, before a backup says that it has what a restore needs.
func (r *run) proveToken() error {
	if r.Origin.Token == "" {
		return nil
	}
	if len(r.Keys.Recipients) == 0 {
		return errors.New("refusing to store the k3s server token without encryption; give recipients")
	}
	r.manifest.Token = true
	return k3s.Opens(r.Origin.Token, r.facts.Bootstrap)
}

// store seals the backup and puts it into every store that could be listed.
func (r *run) store(ctx context.Context, outcome *Outcome) error {
	sealed := filepath.Join(r.dir, "content")
	var key seal.Key
	err := create(ctx, sealed, func(f *os.File) (err error) {
		key, err = r.seal(ctx, f)
		return err
	})
	if err != nil {
		return fmt.Errorf("seal the backup: %w", err)
	}
	content, err := os.Open(sealed)
	if err != nil {
		return err
	}
	failures := r.past.failures
	for _, v := range r.past.vaults {
		if err := v.acknowledge(ctx, r.manifest, content, key); err != nil {
			failures = errors.Join(failures, err)
			continue
		}
		outcome.Manifest = r.manifest
		outcome.Acknowledged = append(outcome.Acknowledged, v.Store.String())
	}
	return errors.Join(failures, content.Close())
}

// seal writes the content, notes its sum, and wants of the database what was read and booted before.
func (r *run) seal(ctx context.Context, to io.Writer) (seal.Key, error) {
	wait.Report(ctx, "seal the backup")
	database, err := os.Open(r.file())
	if err != nil {
		return nil, err
	}
	defer database.Close()
	small, err := r.small()
	if err != nil {
		return nil, err
	}
	plain, stored := sha256.New(), &summing{to: to, hash: sha256.New()}
	files := append([]seal.File{{Name: databaseFile, Size: r.facts.Size, Content: io.TeeReader(database, plain)}}, small...)
	key, err := seal.Seal(ctx, stored, r.Keys.Recipients, files...)
	if err != nil {
		return nil, err
	}
	if hex.EncodeToString(plain.Sum(nil)) != r.facts.SHA256 {
		return nil, fmt.Errorf("the snapshot in %s changed since it was read; is that disk sound?", r.Work.Dir)
	}
	file := plainFile
	if r.manifest.Encrypted {
		file = encryptedFile
	}
	r.manifest.Object = r.Vaults[0].path(r.manifest.Name, file)
	r.manifest.Content = manifest.Sum{Size: stored.size, SHA256: hex.EncodeToString(stored.hash.Sum(nil))}
	return key, nil
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
	if !r.manifest.Token {
		return files, nil
	}
	add(tokenFile, []byte(r.Origin.Token+"\n")) // the one that was proved
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
