// Package schedule has a machine do something by a timer of systemd, with a program and options of its own, so that nothing else is needed
// there: it writes and removes units, program and options, and changes nothing that is as it is to be. What the program does it does not know.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Where everything lies. Units that are named so are this package's.
const (
	Program    = "/usr/local/lib/etcd-backup/etcd_backup"
	Options    = "/etc/etcd-backup/options.json"
	timer      = "etcd-backup.timer"
	service    = "etcd-backup.service"
	unitFolder = "/etc/systemd/system/"
)

// Schedule is what is to be.
type Schedule struct {
	Cluster   string
	Program   io.ReadSeeker
	Options   string                       // secrets may be in it
	Show      func(text, other string) any // options without secrets, beside others
	Arguments []string                     // of the program, which is to read Options
	Calendar  string                       // OnCalendar
	Delay     time.Duration
	Deadline  time.Duration // after which a run is killed that should have ended by itself
	OnFailure string        // a unit; may be empty
	Folders   []string      // that are to be there
	Gone      []string      // what the program wrote that is of no use any more
}

const timerText = `[Unit]
Description=Back up the etcd of %[1]s

[Timer]
OnCalendar=%[2]s
RandomizedDelaySec=%[3]d
Persistent=true

[Install]
WantedBy=timers.target
`

const serviceText = `[Unit]
Description=Back up the etcd of %[1]s
Documentation=https://github.com/metal-stack/initial-cluster
Wants=network-online.target
After=network-online.target k3s.service
%[4]s
[Service]
Type=oneshot
User=root
UMask=0077
Nice=10
IOSchedulingPriority=7
TimeoutStartSec=%[3]d
ExecStart=%[2]s
`

// files are the timer last: it is what counts.
func (s Schedule) files() []host.File {
	onFailure := ""
	if s.OnFailure != "" {
		onFailure = "OnFailure=" + s.OnFailure + "\n"
	}
	name := strings.ReplaceAll(s.Cluster, "%", "%%") // which systemd would expand
	command := strings.Join(append([]string{Program}, s.Arguments...), " ")
	return []host.File{
		{Path: Program, Mode: 0o755, Content: s.Program},
		host.Text(Options, 0o600, s.Options),
		host.Text(unitFolder+service, 0o644, fmt.Sprintf(serviceText, name, command, int(s.Deadline.Seconds()), onFailure)),
		host.Text(unitFolder+timer, 0o644, fmt.Sprintf(timerText, name, s.Calendar, int(s.Delay.Seconds()))),
	}
}

// folders are made with the modes that they need; those that are there keep theirs.
func (s Schedule) folders() []host.File {
	all := []host.File{host.Folder(path.Dir(Program), 0o755), host.Folder(path.Dir(Options), 0o700)}
	for _, name := range s.Folders {
		all = append(all, host.Folder(name, 0o755))
	}
	return all
}

// Interval is the shortest time between two elapses of a calendar event, as systemd on the host reads it. It looks so far ahead that it says
// the same tomorrow: with a time zone some day has an hour less.
func Interval(ctx context.Context, h host.Host, calendar string) (time.Duration, error) {
	out, err := h.Run(ctx, host.Command{Words: []string{"systemd-analyze", "calendar", "--iterations=400", "--", calendar}, Env: map[string]string{"TZ": "UTC"}})
	if err != nil {
		return 0, fmt.Errorf("schedule %q: %w; systemd.time(7) tells what it may be", calendar, err)
	}
	var last time.Time
	shortest := time.Duration(0)
	for _, found := range elapse.FindAllStringSubmatch(out.Stdout, -1) {
		at, err := time.Parse(time.DateTime, found[1])
		if err != nil {
			return 0, err
		}
		if between := at.Sub(last); !last.IsZero() && (shortest == 0 || between < shortest) {
			shortest = between
		}
		last = at
	}
	if shortest == 0 {
		return 0, fmt.Errorf("schedule %q: it does not come again and again; say hourly, or as systemd.time(7) tells", calendar)
	}
	return shortest, nil
}

// elapse is one in the answer: "Next elapse: Fri 2026-11-27 11:00:00 UTC", and then "Iter. #2: ...", or "Iteration #2: ...".
var elapse = regexp.MustCompile(`(?m)^ *(?:Next elapse|Iter\S* #\d+): \S+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\b`)

// Installed are the options of a schedule that is there, or nothing.
func Installed(ctx context.Context, h host.Host) (options string, err error) {
	options, err = host.ReadText(ctx, h, Options)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return options, err
}
