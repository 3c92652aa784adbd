package etcdbackup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// Server is what a restore needs of the k3s server on this machine.
type Server interface {
	// Running tells whether its k3s runs.
	Running(ctx context.Context) (bool, error)
	// Token is the one that it would start with; empty if it was told none.
	Token() string
	// Fits refuses a backup of a k3s that is later than the installed one.
	Fits(version string) error
	// Serving are those of the addresses where a server of the token's cluster answers.
	Serving(ctx context.Context, addresses []string, token string) []string
	// Stop ends k3s; its pods run on.
	Stop(ctx context.Context) error
	// Reset makes a cluster of this server alone from a snapshot (k3s server --cluster-reset), and ends. It may be repeated.
	Reset(ctx context.Context, snapshot, token, lock string) error
	// Start starts k3s and waits until it is ready.
	Start(ctx context.Context) error
	// Tidy removes of the cluster the servers that are not among the nodes, other nodes that are not and do not live, and the passwords of
	// all others, so that machines can come back with new disks.
	Tidy(ctx context.Context, nodes []string) (done, warnings []string, err error)
}

// Restorer restores a backup into the k3s server of this machine.
type Restorer struct {
	Vaults       []Vault
	Name         string // of the backup; empty is the newest good one
	Fallback     bool   // take an older one if the newest cannot be used
	Token        string // that the cluster is to have; empty is the server's own, or else the backup's
	Others       []string
	Nodes        []string // names of all that the restored cluster is to have; without, none is removed
	AcceptOther  bool     // the data that is here may be another cluster's
	Server       Server
	Installation k3s.Installation
	Etcd         func() (*source.Etcd, error) // that of the server, once it is up
	Work         Work
	Examiner     Examiner
	Now          func() time.Time
	Conceal      func(secret string)
}

// Restored is what came of it.
type Restored struct {
	Note
	Steps    []string // that were done, or would be
	Warnings []string
	Seconds  float64 // from the beginning to a cluster that has proved its keys
	Same     bool    // nothing was to be done
}

// attempt is one run of a restorer.
type attempt struct {
	Restorer
	look   bool
	begun  time.Time
	before Note  // that an earlier run has left
	last   int64 // revision that any backup has
	done   Restored
}

// Restore makes the server that of a cluster with the data of a backup. Until the backup has been fetched, opened, read, restored and booted in a
// scratch etcd, and its token has opened it, nothing of the server is touched; then its old data is moved aside, and moved back if k3s does
// not take the new. A run that was killed is finished by the next. With look it does all that touches nothing.
func (r Restorer) Restore(ctx context.Context, look bool) (Restored, error) {
	a := &attempt{Restorer: r, look: look, begun: r.Now()}
	err := a.restore(ctx)
	return a.done, err
}

func (a *attempt) restore(ctx context.Context) (err error) {
	if a.before, err = readNote(a.Installation.DataDir); err != nil {
		return err
	}
	if a.before.Phase == phaseReset && a.before.is(a.Name) {
		a.done.Note = a.before
		return a.finish(ctx)
	}
	found, last, warnings, err := candidates(ctx, a.Vaults, a.before.wanted(a.Name))
	if err != nil {
		return err
	}
	a.done.Warnings, a.last = warnings, last
	if a.done.Same, err = a.same(firstGoodOf(found).Backup); a.done.Same || err != nil {
		a.done.Note = a.before
		return err
	}
	return a.first(ctx, found)
}

// same tells that the restore was done before. Without a name, a backup that was taken since is one of the restored cluster: whether that is
// to go back to it, people must say.
func (a *attempt) same(newest Backup) (bool, error) {
	n := a.before
	switch {
	case n.Phase != phaseDone && n.Phase != phaseJoined || !exists(filepath.Join(a.Installation.DataDir, database)):
		return false, nil // it was never restored, or is lost again
	case a.Name != "":
		return n.Phase == phaseDone && newest.Name == n.Backup, nil
	case n.Phase == phaseJoined:
		return false, fmt.Errorf("%s: this server has joined a cluster that was restored at %s; name the backup to restore now", newest.Cluster, n.Begun.Format(time.RFC3339))
	case newest.Taken.After(n.Begun):
		return false, fmt.Errorf("%s: it was restored from %s at %s, and the newest backup %s is one of the cluster since; name the one to restore, "+
			"which for a restore to be finished is %[2]s", newest.Cluster, n.Backup, n.Begun.Format(time.RFC3339), newest.Name)
	}
	return true, nil
}

// first uses the newest backup that can be used, of those that may be.
func (a *attempt) first(ctx context.Context, found []candidate) error {
	for i, c := range found {
		used, err := a.use(ctx, c)
		if used || ctx.Err() != nil {
			return err
		}
		older := firstGoodOf(found[i+1:])
		switch {
		case c.passable():
			a.warn("passed over: %v%s", err, c.doubt())
		case !damaged(ctx, err):
			return a.undecided(err, older)
		case !a.Fallback || older == nil:
			return a.unusable(err, older)
		default:
			a.warn("what was written after %s is lost: the newer backup, %s of %s, cannot be used: %v", moment(older.Backup), c.Name, moment(c.Backup), err)
		}
	}
	return nil
}

// use restores a backup from the first store whose copy can be used.
func (a *attempt) use(ctx context.Context, c candidate) (used bool, err error) {
	problems, whole := c.flaws, false
	try := func(v Vault) error {
		_, err := v.tried(ctx, c.Name, a.Work, a.Examiner, func(dir string, d *Drilled) error {
			used = true
			return a.drilled(ctx, d, dir)
		})
		return err
	}
	for _, v := range c.vaults {
		err := try(v)
		if a.Fallback && !used && damaged(ctx, err) { // a byte that changed on its way is no damage
			err = try(v)
		}
		if err == nil {
			err = a.finish(ctx)
		}
		if used || ctx.Err() != nil {
			for _, p := range problems {
				a.warn("a copy could not be used: %s", p)
			}
			return used, err
		}
		problems, whole = append(problems, err.Error()), whole || !damaged(ctx, err)
	}
	err = errors.New(strings.Join(problems, "; "))
	if whole { // for all that is known
		err = elsewhere{err}
	}
	return false, err
}

// undecided is of a backup that may be good, so that none takes its place unless people name it.
func (a *attempt) undecided(err error, older *candidate) error {
	if a.Name != "" || older == nil {
		return err
	}
	return fmt.Errorf("%w; nothing was touched. It may be good, so none takes its place: mend that and run it again, or name an older one: the next is %s of %s",
		err, older.Name, moment(older.Backup))
}

func (a *attempt) unusable(err error, older *candidate) error {
	switch {
	case a.Name != "" || older == nil && !a.Fallback:
		return err
	case older == nil:
		return fmt.Errorf("none of the good backups can be used, the last: %w", err)
	}
	return fmt.Errorf("%w; nothing was touched. Look for another copy or an earlier version of it, or say fallback to take an older one: the next is %s of %s",
		err, older.Name, moment(older.Backup))
}

func moment(b Backup) string { return b.Taken.UTC().Format(time.RFC3339) }

// drilled goes on with a backup that is known to work, while its files are there.
func (a *attempt) drilled(ctx context.Context, d *Drilled, dir string) error {
	if d.Source == "etcd" {
		return errors.New("it is of another etcd than k3s'; restore it with etcdutl")
	}
	token, err := a.token(d)
	if err != nil {
		return err
	}
	if err := a.refuse(ctx, d, token); err != nil {
		return err
	}
	a.done.Note = a.before.next(d, max(a.last, d.Revision)+scratch.Bump, a.Now())
	if a.look {
		a.done.did(a.done.moved(), a.done.taken())
		return nil
	}
	snapshot := filepath.Join(dir, "restore.db")
	if err := a.advance(ctx, d, dir, snapshot); err != nil {
		return err
	}
	if err := a.stopped(ctx, d, token); err != nil {
		return err
	}
	if err := a.replace(ctx, &a.done.Note, snapshot, token); err != nil {
		return err
	}
	a.done.did(a.done.moved(), a.done.taken())
	return nil
}

// advance writes the snapshot that k3s gets, and reads it once more.
func (a *attempt) advance(ctx context.Context, d *Drilled, dir, snapshot string) error {
	if err := d.advance(ctx, dir, snapshot, a.done.Note.Restored-d.Revision, a.Examiner); err != nil {
		return err
	}
	facts, err := a.Examiner.inspect(ctx, snapshot)
	if err == nil && facts.Revision != a.done.Note.Restored {
		err = fmt.Errorf("its advanced snapshot has revision %d and must have %d", facts.Revision, a.done.Note.Restored)
	}
	return err
}

func (n Note) moved() string { return "move the data that is here to " + n.Aside }

func (n Note) taken() string {
	return fmt.Sprintf("make a cluster of this server from backup %s of %s", n.Backup, n.Taken.UTC().Format(time.RFC3339))
}

// token is the one that the restored cluster has; it is proved to open the snapshot.
func (a *attempt) token(d *Drilled) (string, error) {
	token := cmp.Or(a.Token, a.Server.Token(), d.Token)
	a.Conceal(d.Token)
	a.Conceal(token)
	if token == "" {
		return "", errors.New("no token is in it; give the one that the cluster had when it was taken")
	}
	err := k3s.Opens(token, d.sealed)
	if err != nil && d.Token != "" {
		err = fmt.Errorf("%w. The backup holds that one (k3s/server/token); restore with it, and rotate it afterwards", err)
	}
	return cmp.Or(d.Token, token), err // the same password; that of the backup has the sum of the cluster's CA, too
}

// refuse tells all that speaks against it at once.
func (a *attempt) refuse(ctx context.Context, d *Drilled, token string) error {
	running, err := a.running(ctx, d, token)
	if err != nil {
		return err
	}
	problems := []error{a.Server.Fits(d.K3sVersion)}
	switch {
	case len(running) > 0 && a.look:
		a.warn("%s", runsOn(running))
	case len(running) > 0:
		problems = append(problems, errors.New("refusing to restore while "+runsOn(running)))
	}
	problems = append(problems, a.lineage(ctx, d, slices.Contains(running, here)), roomFor(a.Installation.DataDir, d.Snapshot.Size))
	return inOneLine(problems)
}

func runsOn(servers []string) string {
	return "k3s runs on " + strings.Join(servers, ", ") + "; stop all servers of the cluster first (playbook restore does)"
}

// stopped refuses once more where k3s was started while the snapshot was made ready, which takes a minute for a big one.
func (a *attempt) stopped(ctx context.Context, d *Drilled, token string) error {
	running, err := a.running(ctx, d, token)
	if err == nil && len(running) > 0 {
		err = errors.New("refusing to restore while " + runsOn(running))
	}
	return err
}

func inOneLine(problems []error) error {
	var texts []string
	for _, problem := range problems {
		if problem != nil {
			texts = append(texts, problem.Error())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// here is this machine among those where k3s runs.
const here = "this server"

// running are the servers of the cluster that are up: this one, those that are told, and those of the time of the backup.
func (a *attempt) running(ctx context.Context, d *Drilled, token string) (found []string, err error) {
	runs, err := a.Server.Running(ctx)
	if err != nil {
		return nil, err
	}
	if runs {
		found = []string{here}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Others, d.members)))), func(address string) bool {
		return slices.ContainsFunc(own, func(one net.Addr) bool { return strings.HasPrefix(one.String(), address+"/") })
	})
	return append(found, a.Server.Serving(ctx, others, token)...), nil
}

// lineage refuses to put a cluster in the place of another.
func (a *attempt) lineage(ctx context.Context, d *Drilled, running bool) error {
	below := a.Installation.DataDir
	if a.before.Phase == phaseBegun {
		below = filepath.Join(below, a.before.Aside)
	}
	if !running {
		return a.sameCluster(ctx, d.Lineage, below)
	}
	unknown, err := a.sameRunning(ctx, d.Lineage)
	if unknown != nil {
		a.warn("of which cluster the data on this server is cannot be told before k3s is stopped: %v", unknown)
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// finish starts k3s on the restored data, proves that it is there, and removes what is left of the time before.
func (a *attempt) finish(ctx context.Context) error {
	const step = "start k3s and prove the keys"
	if a.look {
		a.done.did(step)
		return nil
	}
	wait.Report(ctx, "start k3s")
	if err := a.Server.Start(ctx); err != nil {
		return fmt.Errorf("%w; the data of before is in %s, and running this again goes on here", err, a.done.Aside)
	}
	if err := a.prove(ctx); err != nil {
		return fmt.Errorf("%w; the data of before is in %s", err, a.done.Aside)
	}
	a.done.Seconds = a.Now().Sub(a.begun).Seconds()
	a.done.did(step)
	tidied, warnings, err := a.Server.Tidy(ctx, a.Nodes)
	a.done.did(tidied...)
	a.done.Warnings = append(a.done.Warnings, warnings...)
	if err != nil {
		return err
	}
	a.done.Phase = phaseDone
	return a.done.Note.write(a.Installation.DataDir)
}

// prove wants of the running etcd the keys that the backup has, at the revision that it was restored to.
func (a *attempt) prove(ctx context.Context) error {
	etcd, err := a.Etcd()
	if err != nil {
		return err
	}
	member, err := etcd.Choose(ctx)
	if err != nil {
		return err
	}
	defer member.Close()
	if want := a.done.Note.Restored; member.Revision < want {
		return fmt.Errorf("etcd is at revision %d after the restore, and must be at %d", member.Revision, want)
	}
	state, err := member.At(ctx, a.done.Note.Restored)
	if errors.Is(err, source.ErrCompacted) {
		a.warn("the keys of the backup were not counted, as etcd is compacted beyond them since")
		return nil
	}
	if err == nil && state.Keys != a.done.Keys {
		err = fmt.Errorf("etcd has %d keys at the revision of the backup, which has %d", state.Keys, a.done.Keys)
	}
	return err
}

func (a *attempt) warn(format string, args ...any) {
	a.done.Warnings = append(a.done.Warnings, fmt.Sprintf(format, args...))
}

func (d *Restored) did(steps ...string) { d.Steps = append(d.Steps, steps...) }
