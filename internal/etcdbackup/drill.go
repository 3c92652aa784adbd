package etcdbackup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
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
	Result  scratch.Result
	Passed  []string          // backups that it was not done with as they are not good, and may be newer; none where one was named
	Token   string            // of k3s, proved to open the bootstrap data in the snapshot; secret, and empty if there is none
	sealed  map[string]string // the bootstrap data, as it is in the snapshot
	members []string          // addresses of the servers of then; empty if that is not known
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
	return v.tried(ctx, name, work, examiner, func(dir string, d *Drilled) error { return d.advance(ctx, dir, to, scratch.Bump, examiner) })
}

// advance writes the snapshot to restore from.
func (d *Drilled) advance(ctx context.Context, dir, to string, bump int64, examiner Examiner) error {
	wait.Report(ctx, "advance the revisions of %s", d.Name)
	folder := filepath.Join(dir, "advanced")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	return errors.Join(examiner.advance(ctx, filepath.Join(dir, databaseFile), folder, to, bump), os.RemoveAll(folder))
}

// tried drills a backup, and then does something else while its files are there.
func (v Vault) tried(ctx context.Context, name string, work Work, examiner Examiner, then func(dir string, d *Drilled) error) (d Drilled, err error) {
	backups, err := v.List(ctx)
	if err != nil {
		return d, err
	}
	if d.Backup, err = v.pick(backups, name); err != nil {
		return d, err
	}
	if name == "" {
		d.Passed = v.passed(backups)
	}
	dir, end, err := work.begin()
	if err != nil {
		return d, elsewhere{err}
	}
	if err = work.room(3*d.Snapshot.Size + d.Content.Size + scratch.Space + slack); err != nil {
		err = elsewhere{err}
	} else {
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
	beside, err := v.fetch(ctx, d.Backup, dir)
	if err != nil {
		return err
	}
	file, folder := filepath.Join(dir, databaseFile), filepath.Join(dir, "scratch")
	facts, err := examiner.inspect(ctx, file)
	if err != nil {
		return err
	}
	d.sealed, d.members = facts.Bootstrap, addresses(beside[membersFile])
	if d.Backup.Token {
		if err := k3s.Opens(beside[tokenFile], facts.Bootstrap); err != nil {
			return err
		}
		d.Token = strings.TrimSpace(beside[tokenFile])
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

// errNoKey is that none of the given identities opens it.
var errNoKey error = elsewhere{errors.New("none of the identities opens it")}

// fetch reads a backup into the folder and gives the small files in it that a restore needs.
func (v Vault) fetch(ctx context.Context, b Backup, dir string) (beside map[string]string, err error) {
	if b.Encrypted && len(v.Keys.Identities) == 0 {
		return nil, elsewhere{errors.New("it is encrypted; give identities")}
	}
	sealed := filepath.Join(dir, "content")
	err = create(ctx, sealed, func(f *os.File) error { return v.download(ctx, b.Manifest, f) })
	if err != nil {
		return nil, err
	}
	content, err := os.Open(sealed)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	err = create(ctx, filepath.Join(dir, databaseFile), func(f *os.File) error {
		beside, err = v.unseal(ctx, b, content, f)
		return err
	})
	return beside, err
}

func (v Vault) unseal(ctx context.Context, b Backup, content io.Reader, database io.Writer) (map[string]string, error) {
	beside := map[string]string{}
	keep := func(name string, small io.Reader) error {
		if name != tokenFile && name != membersFile {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(small, maxSmall))
		beside[name] = string(text)
		return err
	}
	err := open(ctx, b.Manifest, content, v.Keys.Identities, database, keep)
	return beside, err
}

// addresses are those of the members in members.txt, which has the ID, the name and the peer URLs of each in a line.
func addresses(members string) (found []string) {
	for line := range strings.Lines(members) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		first, _, _ := strings.Cut(words[len(words)-1], ",")
		if u, err := url.Parse(first); err == nil && u.Hostname() != "" {
			found = append(found, u.Hostname())
		}
	}
	return found
}
