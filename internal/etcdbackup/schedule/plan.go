package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Plan is what makes a machine have a schedule, or none.
type Plan struct {
	host          host.Host
	steps         []step
	before, after map[string]any
}

type step struct {
	text string // empty for what goes with others
	do   func(context.Context) error
}

func (p *Plan) add(text string, do func(context.Context) error) {
	p.steps = append(p.steps, step{text, do})
}

// Steps are the steps, each one sentence.
func (p *Plan) Steps() []string {
	texts := []string{}
	for _, s := range p.steps {
		if s.text != "" {
			texts = append(texts, s.text)
		}
	}
	return texts
}

// Diff is what differs, by the paths of files.
func (p *Plan) Diff() (before, after any) { return p.before, p.after }

// Apply does the steps, and stops at the first that goes wrong; then Steps are those that were done, and another plan finishes what is left.
func (p *Plan) Apply(ctx context.Context) error {
	for i, s := range p.steps {
		if err := s.do(ctx); err != nil {
			p.steps = p.steps[:i]
			return err
		}
	}
	return nil
}

func begin(ctx context.Context, h host.Host) (*Plan, error) {
	_, err := h.Stat(ctx, "/run/systemd/system")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("systemd does not run here, and has the timers; let what this machine has in its place run state present")
	}
	return &Plan{host: h, before: map[string]any{}, after: map[string]any{}}, err
}

// Plan is what makes the machine have the schedule. The timer is restarted only where its own unit differs.
func (s Schedule) Plan(ctx context.Context, h host.Host) (*Plan, error) {
	p, err := begin(ctx, h)
	if err != nil {
		return nil, err
	}
	state, err := show(ctx, h, timer)
	if err != nil {
		return nil, err
	}
	reload, restart := state["NeedDaemonReload"] == "yes", state["NeedDaemonReload"] == "yes"
	for _, f := range s.folders() {
		if err := p.folder(ctx, f); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Gone { // before the options, which tell of them
		if err := p.remove(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, f := range s.files() {
		show := func(text, _ string) any { return text }
		if f.Path == Options {
			show = s.Show
		}
		differs, err := p.write(ctx, f, show)
		if err != nil {
			return nil, err
		}
		reload = reload || differs && strings.HasPrefix(f.Path, unitFolder)
		restart = restart || differs && f.Path == unitFolder+timer
	}
	if reload {
		p.add("", func(ctx context.Context) error { return control(ctx, h, "daemon-reload") })
	}
	switch {
	case state["UnitFileState"] != "enabled" || state["ActiveState"] != "active":
		p.before[timer], p.after[timer] = said(state), "active, enabled"
		p.add("start "+timer, func(ctx context.Context) error { return control(ctx, h, "enable", "--quiet", "--now", timer) })
	case restart:
		p.add("restart "+timer, func(ctx context.Context) error { return control(ctx, h, "restart", timer) })
	}
	return p, nil
}

func said(state map[string]string) string {
	if state["LoadState"] == "not-found" {
		return "not there"
	}
	return state["ActiveState"] + ", " + state["UnitFileState"]
}

// Absent is what takes the schedule off the machine: also the files that the program wrote, and folders in which there is nothing else.
func (s Schedule) Absent(ctx context.Context, h host.Host) (*Plan, error) {
	p, err := begin(ctx, h)
	if err != nil {
		return nil, err
	}
	for _, unit := range []string{timer, service} { // the timer first, so that it starts no more
		state, err := show(ctx, h, unit)
		if err != nil {
			return nil, err
		}
		stop := func(ctx context.Context) error { return end(ctx, h, unit) }
		switch {
		case state["UnitFileState"] == "enabled" || !slices.Contains([]string{"inactive", "failed"}, state["ActiveState"]):
			p.add("stop "+unit+" for good", stop)
		case unit == service && len(p.steps) > 0 && state["LoadState"] != "not-found":
			p.add("", stop) // the timer may start it before it is stopped
		}
	}
	gone := []string{unitFolder + timer, unitFolder + service, stamp, path.Dir(Options), path.Dir(Program)}
	for _, name := range slices.Concat(gone, s.Gone) {
		if err := p.remove(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Folders {
		if err := p.removeEmpty(ctx, name, s.Gone); err != nil {
			return nil, err
		}
	}
	if len(p.steps) > 0 {
		p.add("", func(ctx context.Context) error { return control(ctx, h, "daemon-reload") })
		p.add("", func(ctx context.Context) error {
			return control(ctx, h, "reset-failed", "etcd-backup.*") // a pattern, as it is no error that nothing failed
		})
	}
	return p, nil
}

// stamp is where systemd keeps when a persistent timer has last elapsed.
const stamp = "/var/lib/systemd/timers/stamp-" + timer

func end(ctx context.Context, h host.Host, unit string) error {
	if unit == timer {
		return control(ctx, h, "disable", "--quiet", "--now", unit)
	}
	return control(ctx, h, "stop", unit)
}

// folder plans a folder that is missing.
func (p *Plan) folder(ctx context.Context, f host.File) error {
	_, err := p.host.Stat(ctx, f.Path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p.add("", func(ctx context.Context) error {
		_, err := p.host.Write(ctx, f)
		return err
	})
	return nil
}

// write plans a file that differs, and tells whether it does.
func (p *Plan) write(ctx context.Context, f host.File, show func(text, other string) any) (bool, error) {
	wanted, err := content(f)
	if err != nil {
		return false, err
	}
	found, mode, err := p.found(ctx, f.Path)
	if err != nil || found == wanted && mode == f.Mode {
		return false, err
	}
	if found != "" {
		p.before[f.Path] = show(found, wanted)
	}
	p.after[f.Path] = show(wanted, found)
	p.add("write "+f.Path, func(ctx context.Context) error {
		_, err := p.host.Write(ctx, f)
		return err
	})
	return true, nil
}

// found is the text of a file that is there, and in place of the program its sum.
func (p *Plan) found(ctx context.Context, name string) (text string, mode fs.FileMode, err error) {
	info, err := p.host.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, nil
	}
	if err == nil && name == Program {
		text, err = host.SHA256(ctx, p.host, name)
		return "SHA-256 " + text, info.Mode, err
	}
	if err == nil {
		text, err = host.ReadText(ctx, p.host, name)
	}
	return text, info.Mode, err
}

// content is in the same words what a file is to be.
func content(f host.File) (string, error) {
	hash := sha256.New()
	var text strings.Builder
	to := io.Writer(&text)
	if f.Path == Program {
		to = hash
	}
	_, err := f.Content.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(to, f.Content)
	}
	if err != nil {
		return "", fmt.Errorf("read what is to be %s: %w", f.Path, err)
	}
	if f.Path == Program {
		text.WriteString("SHA-256 " + hex.EncodeToString(hash.Sum(nil)))
	}
	return text.String(), nil
}

// remove plans the end of what is there.
func (p *Plan) remove(ctx context.Context, name string) error {
	_, err := p.host.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	p.before[name] = "there"
	p.add("remove "+name, func(ctx context.Context) error {
		_, err := p.host.Remove(ctx, name)
		return err
	})
	return err
}

// removeEmpty plans the end of a folder in which there is nothing but files that go.
func (p *Plan) removeEmpty(ctx context.Context, name string, going []string) error {
	info, err := p.host.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, inside := range info.Names {
		if !slices.Contains(going, path.Join(name, inside)) {
			return nil
		}
	}
	p.add("remove "+name, func(ctx context.Context) error {
		_, err := p.host.Run(ctx, host.Words("rmdir", "--", name)) // which removes nothing that came meanwhile
		return err
	})
	return err
}

func control(ctx context.Context, h host.Host, words ...string) error {
	_, err := h.Run(ctx, host.Words(append([]string{"systemctl"}, words...)...))
	return err
}

// show is what systemd tells of a unit.
func show(ctx context.Context, h host.Host, unit string) (map[string]string, error) {
	out, err := h.Run(ctx, host.Words("systemctl", "show", "--property=LoadState,ActiveState,UnitFileState,NeedDaemonReload", unit))
	state := map[string]string{}
	for line := range strings.Lines(out.Stdout) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		state[name] = value
	}
	return state, err
}
