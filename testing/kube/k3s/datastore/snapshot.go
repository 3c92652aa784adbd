package datastore

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// Snapshots are the files of one server's snapshots.
type Snapshots struct {
	Dir       string
	Default   bool // the folder is k3s' own: it is made when missing
	NodeName  string
	Compress  bool
	Retention int
	saving    sync.Mutex
}

// Snapshot is one of them.
type Snapshot struct {
	Name, Location, NodeName string
	Created                  time.Time
	Size                     int64
}

func (s *Snapshots) folder() error {
	if s.Default {
		return os.MkdirAll(s.Dir, 0o700)
	}
	_, err := os.Stat(s.Dir)
	return err
}

// Save takes a snapshot of the store and names it for the prefix, the node and the time.
func (s *Snapshots) Save(ctx context.Context, store *Store, prefix string) (Snapshot, error) {
	if !s.saving.TryLock() {
		return Snapshot{}, errors.New("snapshot save already in progress")
	}
	defer s.saving.Unlock()
	if err := s.folder(); err != nil {
		return Snapshot{}, fmt.Errorf("failed to get etcd-snapshot-dir: %w", err)
	}
	if status, err := store.client.Status(ctx, Endpoint); err != nil {
		return Snapshot{}, err
	} else if status.IsLearner {
		return Snapshot{}, errors.New("unable to take snapshot: not supported for learner")
	}
	now := time.Now()
	path := filepath.Join(s.Dir, fmt.Sprintf("%s-%s-%d", prefix, s.NodeName, now.Unix()))
	logrus.Infof("Saving etcd snapshot to %s", path)
	if err := stream(ctx, store, path+".part"); err != nil {
		return Snapshot{}, err
	}
	path, err := s.finish(path)
	if err != nil {
		return Snapshot{}, err
	}
	return s.describe(path)
}

func stream(ctx context.Context, store *Store, path string) error {
	from, err := store.client.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close())
}

// finish gives the snapshot its name, and packs it if that is wished.
func (s *Snapshots) finish(path string) (string, error) {
	if !s.Compress {
		return path, os.Rename(path+".part", path)
	}
	defer os.Remove(path + ".part")
	from, err := os.Open(path + ".part")
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(path+".zip", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	archive := zip.NewWriter(to)
	entry, err := archive.Create(filepath.Base(path))
	if err == nil {
		_, err = io.Copy(entry, from)
	}
	return path + ".zip", errors.Join(err, archive.Close(), to.Close())
}

func (s *Snapshots) describe(path string) (Snapshot, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Snapshot{}, err
	}
	created := info.ModTime()
	base := strings.TrimSuffix(filepath.Base(path), ".zip")
	if unix, err := strconv.ParseInt(base[strings.LastIndex(base, "-")+1:], 10, 64); err == nil {
		created = time.Unix(unix, 0)
	}
	return Snapshot{filepath.Base(path), "file://" + path, s.NodeName, created, info.Size()}, nil
}

// List gives the snapshots, the newest last.
func (s *Snapshots) List() ([]Snapshot, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) && s.Default {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []Snapshot
	for _, entry := range entries {
		if entry.IsDir() || strings.HasSuffix(entry.Name(), ".part") || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		one, err := s.describe(filepath.Join(s.Dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b Snapshot) int { return a.Created.Compare(b.Created) })
	return found, nil
}

// Delete removes the snapshots of the names and tells which were there.
func (s *Snapshots) Delete(names []string) ([]string, error) {
	var deleted []string
	for _, name := range names {
		err := os.Remove(filepath.Join(s.Dir, filepath.Base(name)))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return deleted, err
		}
		deleted = append(deleted, name)
	}
	return deleted, nil
}

// Prune removes all but the newest of those that begin with the prefix, and tells which.
func (s *Snapshots) Prune(prefix string, keep int) ([]string, error) {
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, one := range all {
		if strings.HasPrefix(one.Name, prefix+"-"+s.NodeName) {
			names = append(names, one.Name)
		}
	}
	return s.Delete(names[:max(0, len(names)-keep)])
}
