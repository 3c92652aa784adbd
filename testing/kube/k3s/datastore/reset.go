package datastore

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
)

// ResetFlag is the file that says that the cluster was reset and not started since.
func (s *Store) ResetFlag() string { return s.path("reset-flag") }

// CheckRestore tells whether the path can be a snapshot to restore.
func CheckRestore(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", path)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", path)
	}
	return nil
}

// Restore puts the data of the snapshot in the place of what is there, which is kept beside it.
func (s *Store) Restore(path string) error {
	if err := CheckRestore(path); err != nil {
		return err
	}
	if err := s.setAside(); err != nil {
		return err
	}
	if strings.HasSuffix(path, ".zip") {
		plain, err := unzip(path)
		if err != nil {
			return err
		}
		defer os.Remove(plain)
		path = plain
	}
	name := s.name
	if err := snapshot.NewV3(quiet()).Restore(snapshot.RestoreConfig{
		SnapshotPath: path, Name: name, OutputDataDir: s.path("etcd"), OutputWALDir: s.wal(), PeerURLs: []string{s.PeerURL()},
		InitialCluster: name + "=" + s.PeerURL(),
	}); err != nil {
		return fmt.Errorf("etcd: restore %s: %w", path, err)
	}
	return nil
}

func unzip(path string) (string, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		return "", fmt.Errorf("%s: holds %d files instead of one snapshot", path, len(archive.File))
	}
	from, err := archive.File[0].Open()
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), ".restore-*")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	return to.Name(), errors.Join(err, to.Close())
}

// Reset makes the server the only member of its cluster, under a new name, and waits until it can be used.
func (s *Store) Reset(ctx context.Context) error {
	if err := s.setName(true); err != nil {
		return err
	}
	if err := os.WriteFile(s.ResetFlag(), nil, 0o600); err != nil {
		return err
	}
	c := s.member()
	c.InitialCluster, c.ForceNewCluster = s.name+"="+s.PeerURL(), true
	if err := s.start(c); err != nil {
		return err
	}
	for {
		err := s.renamed(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// renamed gives the only member its new address. Its new name the member publishes by itself when it is up.
func (s *Store) renamed(ctx context.Context) error {
	list, err := s.client.MemberList(ctx)
	if err != nil {
		return err
	}
	if len(list.Members) != 1 {
		return fmt.Errorf("etcd still has %d members", len(list.Members))
	}
	if list.Members[0].PeerURLs[0] != s.PeerURL() {
		if _, err := s.client.MemberUpdate(ctx, list.Members[0].ID, []string{s.PeerURL()}); err != nil {
			return err
		}
	}
	return s.Test(ctx)
}
