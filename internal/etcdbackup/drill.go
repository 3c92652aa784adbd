package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Drilled is what a drill found.
type Drilled struct {
	Backup
	Result scratch.Result
	Token  string // of k3s, proved to open the bootstrap data in the snapshot; secret, and empty if there is none
}

// Drill fetches a backup (the newest good one, or the named one), opens it, restores and boots it, and compares it with its manifest.
func (v Vault) Drill(ctx context.Context, name string, work Work, examiner Examiner) (Drilled, error) {
	return v.tried(ctx, name, work, examiner, func(string, *Drilled) error { return nil })
}

// Prepare does what Drill does, and then writes a snapshot to restore from to a file that is not there yet (0600): with all revisions ahead of
// those that were given out, so that no client takes the restored cluster for one that goes on. Nothing of the cluster is touched.
func (v Vault) Prepare(ctx context.Context, name, to string, work Work, examiner Examiner) (Drilled, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return Drilled{}, err
	}
	return v.tried(ctx, name, work, examiner, func(dir string, d *Drilled) error {
		wait.Report(ctx, "advance the revisions of %s", d.Name)
		folder := filepath.Join(dir, "advanced")
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
		return examiner.advance(ctx, filepath.Join(dir, databaseFile), folder, to)
	})
}

// tried drills a backup, and then does something else while its files are there.
func (v Vault) tried(ctx context.Context, name string, work Work, examiner Examiner, then func(dir string, d *Drilled) error) (d Drilled, err error) {
	if d.Backup, err = v.Find(ctx, name); err != nil {
		return d, err
	}
	dir, end, err := work.begin()
	if err != nil {
		return d, err
	}
	if err = work.room(2*d.Snapshot.Size + d.Content.Size + scratch.Space + slack); err == nil {
		err = v.drill(ctx, &d, dir, examiner)
	}
	if err == nil {
		err = then(dir, &d)
	}
	if err != nil {
		err = fmt.Errorf("%s: backup %s of %s: %w", v.Store, d.Name, v.Cluster, err)
	}
	return d, errors.Join(err, end())
}

func (v Vault) drill(ctx context.Context, d *Drilled, dir string, examiner Examiner) error {
	wait.Report(ctx, "%s: fetch %s", v.Store, d.Name)
	token, err := v.fetch(ctx, d.Backup, dir)
	if err != nil {
		return err
	}
	file, folder := filepath.Join(dir, databaseFile), filepath.Join(dir, "scratch")
	facts, err := examiner.inspect(ctx, file)
	if err != nil {
		return err
	}
	if d.Backup.Token {
		if err := k3s.Opens(token, facts.Bootstrap); err != nil {
			return err
		}
		d.Token = strings.TrimSpace(token)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	wait.Report(ctx, "restore %s and boot it", d.Name)
	if d.Result, err = examiner.drill(ctx, file, folder, d.CompactRevision); err != nil {
		return err
	}
	return errors.Join(compare(d.Manifest, d.Result), os.RemoveAll(folder))
}

// errNoKey is that none of the given identities opens it, which says nothing about the backup.
var errNoKey = errors.New("none of the identities opens it")

// fetch reads a backup into the folder and gives the k3s token in it.
func (v Vault) fetch(ctx context.Context, b Backup, dir string) (token string, err error) {
	if b.Encrypted && len(v.Keys.Identities) == 0 {
		return "", errors.New("it is encrypted; give identities")
	}
	sealed := filepath.Join(dir, "content")
	err = create(ctx, sealed, func(f *os.File) error { return v.download(ctx, b.Manifest, f) })
	if err != nil {
		return "", err
	}
	content, err := os.Open(sealed)
	if err != nil {
		return "", err
	}
	defer content.Close()
	err = create(ctx, filepath.Join(dir, databaseFile), func(f *os.File) error {
		token, err = v.unseal(ctx, b, content, f)
		return err
	})
	return token, err
}

func (v Vault) unseal(ctx context.Context, b Backup, content io.Reader, database io.Writer) (token string, err error) {
	keep := func(name string, small io.Reader) error {
		if name != tokenFile {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(small, maxSmall))
		token = string(text)
		return err
	}
	err = open(ctx, b.Manifest, content, v.Keys.Identities, database, keep)
	return token, err
}
