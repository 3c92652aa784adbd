package etcdbackup

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Note lies beside the data of a server that is being restored or was: what a run that is killed has left to do, and afterwards of what backup
// the data is.
type Note struct {
	ID       string    `json:"id"`     // Restored and a word of its own; all servers of the cluster get the same
	Backup   string    `json:"backup"` // its name
	Taken    time.Time `json:"taken"`
	Begun    time.Time `json:"begun"`
	Phase    string    `json:"phase"`
	Aside    string    `json:"aside"`    // the folder to which the data of before was moved
	Revision int64     `json:"revision"` // of the backup
	Restored int64     `json:"restored"` // the revision that etcd had of it, ahead of all that were given out
	Keys     int64     `json:"keys"`
	Lineage  string    `json:"lineage,omitempty"` // of the cluster
}

// Phases of a restore.
const (
	phaseAside  = "aside"  // the data of before is being moved; what is in its place may still be that
	phaseReset  = "reset"  // k3s has taken the restored data, and was not started since
	phaseBegun  = "begun"  // all of it is moved, and what is in its place is this restore's
	phaseDone   = "done"   // the keys are proved
	phaseJoined = "joined" // of a server that joins the one that was restored
)

// noteFile is in k3s' folder of data, where it goes with the database.
const noteFile = "server/db/restore.json"

// NoteFile is where a server's note is.
func NoteFile(dataDir string) string { return filepath.Join(dataDir, noteFile) }

func readNote(dataDir string) (n Note, err error) {
	path := NoteFile(dataDir)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &n)
	}
	if err != nil {
		return n, fmt.Errorf("read %s: %w; remove it if no restore is to be finished", path, err)
	}
	return n, nil
}

// write puts the note in its place as a whole, through to the disk.
func (n Note) write(dataDir string) error {
	content, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	path := NoteFile(dataDir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(content, '\n'), 0o600); err != nil {
		return err
	}
	if err := flush(path + ".new"); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return flush(filepath.Dir(path))
}

func flush(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// is tells whether the note is of the named backup; without a name it is.
func (n Note) is(name string) bool { return name == "" || name == n.Backup }

// interrupted tells that the data of before is moved aside, or on its way, and that k3s has not taken the restored data.
func (n Note) interrupted() bool { return n.Phase == phaseAside || n.Phase == phaseBegun }

// wanted is the backup to take: an interrupted restore goes on with its own.
func (n Note) wanted(name string) string {
	if name == "" && n.interrupted() {
		return n.Backup
	}
	return name
}

// next is the note of the restore of a backup. What an interrupted one has moved aside stays where it is.
func (n Note) next(d *Drilled, restored int64, now time.Time) Note {
	next := Note{
		ID: fmt.Sprintf("%d-%s", restored, rand.Text()), Backup: d.Name, Taken: d.Taken, Begun: now.UTC().Truncate(time.Second), Revision: d.Revision, Restored: restored,
		Keys: d.Keys, Lineage: d.Lineage, Phase: phaseAside,
	}
	next.Aside = asideFolder(next.Begun)
	if n.interrupted() {
		next.Aside, next.Phase = n.Aside, n.Phase
	}
	return next
}
