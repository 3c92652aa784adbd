package k3s

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// name is that of a snapshot of k3s', <base>-<node>-<unix seconds>[.zip], of ten digits until the year 2286. What k3s leaves of one that it did not
// finish (.part), or people made of one, has another.
var name = regexp.MustCompile(`^.+-.+-([0-9]{10})(?:\.zip)?$`)

// Snapshots lists k3s' own snapshots on disk, the newest first.
func (i Installation) Snapshots() ([]string, error) {
	folder := filepath.Join(i.DataDir, "server/db/snapshots")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("list k3s' own snapshots: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && name.MatchString(entry.Name()) {
			files = append(files, filepath.Join(folder, entry.Name()))
		}
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(stamp(b), stamp(a)) })
	return files, nil
}

// Taken is when a snapshot was taken, by k3s or by people: as its name says, or else when its file was written.
func Taken(path string) (time.Time, error) {
	if seconds := stamp(path); seconds > 0 {
		return time.Unix(seconds, 0), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, fmt.Errorf("read snapshot: %w", err)
	}
	return info.ModTime(), nil
}

// stamp is the time in a snapshot's name, or 0.
func stamp(path string) (seconds int64) {
	if found := name.FindStringSubmatch(filepath.Base(path)); found != nil {
		seconds, _ = strconv.ParseInt(found[1], 10, 64) // ten digits are a number
	}
	return seconds
}
