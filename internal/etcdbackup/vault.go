package etcdbackup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/store"
)

// Vault is the backups of one cluster in one store.
type Vault struct {
	Store   store.Store
	Cluster string
	Keys    Keys
}

// Backup is one in a vault.
type Backup struct {
	manifest.Manifest              // empty but for the name if there is no good one
	Bad               string       // why it is not good; empty if it is, as far as is known without reading its content
	Interrupted       bool         // it was never finished, or is just being made
	objects           []store.Info // what lies in the store
}

// List tells of all backups, the newest first. It reads each manifest and no content. An error means that nothing is known.
func (v Vault) List(ctx context.Context) ([]Backup, error) {
	prefix := v.Cluster + "/"
	infos, err := v.Store.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	objects := map[string][]store.Info{}
	for _, info := range infos {
		name, file, _ := strings.Cut(strings.TrimPrefix(info.Name, prefix), "/")
		if slices.Contains(ours, file) {
			objects[name] = append(objects[name], info)
		}
	}
	var backups []Backup
	for name, of := range objects {
		b, err := v.read(ctx, name, of)
		if err != nil {
			return nil, err
		}
		backups = append(backups, b)
	}
	slices.SortFunc(backups, newest)
	return backups, nil
}

// newest orders by what a clock can't get wrong first.
func newest(a, b Backup) int {
	order := cmp.Or(cmp.Compare(b.Generation, a.Generation), cmp.Compare(b.Revision, a.Revision), b.Taken.Compare(a.Taken))
	if order != 0 || a.Name == b.Name {
		return order
	}
	return cmp.Or(b.stored().Compare(a.stored()), cmp.Compare(b.Name, a.Name))
}

// stored is when the store got it, by its own clock: of a snapshot that was adopted twice, as for other readers, the later one is the one wanted.
func (b Backup) stored() (t time.Time) {
	for _, info := range b.objects {
		if path.Base(info.Name) == manifestFile {
			t = info.Modified
		}
	}
	return t
}

// read reads the manifest of a backup. What is wrong with it is told in the backup; an error is only of the store.
func (v Vault) read(ctx context.Context, name string, objects []store.Info) (Backup, error) {
	b := Backup{Manifest: manifest.Manifest{Name: name}, objects: objects}
	if _, ok := b.object(v.path(name, manifestFile)); !ok {
		b.Interrupted, b.Bad = true, "it has no manifest, so it was never finished"
		return b, nil
	}
	m, bad, err := v.manifest(ctx, name)
	if err != nil || bad != nil {
		if bad != nil {
			b.Bad = bad.Error()
		}
		return b, err
	}
	if m.Name != name || m.Cluster != v.Cluster {
		b.Bad = fmt.Sprintf("its manifest is that of %s/%s, so somebody moved it", m.Cluster, m.Name)
		return b, nil
	}
	b.Manifest = m
	b.Bad, err = v.flaw(ctx, b)
	return b, err
}

// manifest reads a manifest, and once more if it is not good: a byte that changed on its way is no flaw of the backup.
func (v Vault) manifest(ctx context.Context, name string) (m manifest.Manifest, bad, err error) {
	for range 2 {
		var stored []byte
		if stored, err = v.get(ctx, v.path(name, manifestFile)); err != nil {
			return m, nil, err
		}
		if m, bad = manifest.Open(stored, v.Keys.trusted()); bad == nil {
			return m, nil, nil
		}
	}
	return m, bad, nil
}

// flaw is what is wrong with a backup as far as manifest and list tell.
func (v Vault) flaw(ctx context.Context, b Backup) (string, error) {
	content, ok := b.object(b.Object)
	switch _, marked := b.object(v.path(b.Name, quarantineFile)); {
	case marked:
		return v.mark(ctx, b.Name)
	case b.Quarantine != "":
		return "quarantined: " + b.Quarantine, nil
	case !ok:
		return "its content is missing", nil
	case content.Size != b.Content.Size:
		return fmt.Sprintf("its content has %d bytes and must have %d", content.Size, b.Content.Size), nil
	}
	return "", nil
}

func (b Backup) object(name string) (store.Info, bool) {
	for _, info := range b.objects {
		if info.Name == name {
			return info, true
		}
	}
	return store.Info{}, false
}

func (v Vault) path(name, file string) string { return v.Cluster + "/" + name + "/" + file }

// maxSmall bounds what is read into memory: a manifest has one kilobyte.
const maxSmall = 1 << 20

// get reads something small.
func (v Vault) get(ctx context.Context, name string) ([]byte, error) {
	content := &limited{}
	_, err := v.Store.Get(ctx, name, content)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // it was deleted since it was listed, and an empty one tells so
	}
	return content.Bytes(), err
}

type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxSmall {
		return len(p), nil // more than any of ours has, so what is cut off will not be taken for one
	}
	return l.Buffer.Write(p)
}

// quarantine is what lies beside a backup that did not verify. It is not signed: who can write it could as well delete the backup.
type quarantine struct {
	Reason string `json:"reason"`
}

func (v Vault) mark(ctx context.Context, name string) (string, error) {
	text, err := v.get(ctx, v.path(name, quarantineFile))
	var q quarantine
	if json.Unmarshal(text, &q) != nil || q.Reason == "" {
		q.Reason = "by a mark that cannot be read"
	}
	return "quarantined: " + q.Reason, err
}

// Quarantine marks a backup as not good; it is left as it is for people, and counts for nothing. It may be repeated.
func (v Vault) Quarantine(ctx context.Context, b Backup, reason string) error {
	text, err := json.Marshal(quarantine{reason})
	if err != nil {
		return err
	}
	return v.put(ctx, v.path(b.Name, quarantineFile), text)
}

// Find gives the newest good backup, or the named one if it is good.
func (v Vault) Find(ctx context.Context, name string) (Backup, error) {
	backups, err := v.List(ctx)
	if err != nil {
		return Backup{}, err
	}
	return v.pick(backups, name)
}

func (v Vault) pick(backups []Backup, name string) (Backup, error) {
	for _, b := range backups {
		switch {
		case name == "" && b.Bad == "":
			return b, nil
		case name == b.Name && b.Bad != "":
			return b, fmt.Errorf("%s: backup %s of %s is not good: %s; take another one (state listed tells which)", v.Store, name, v.Cluster, b.Bad)
		case name == b.Name:
			return b, nil
		}
	}
	if name == "" {
		return Backup{}, fmt.Errorf("%s: there is no good backup of %s among %d; state listed tells what is wrong with them", v.Store, v.Cluster, len(backups))
	}
	return Backup{}, fmt.Errorf("%s: there is no backup %s of %s among %d", v.Store, name, v.Cluster, len(backups))
}
