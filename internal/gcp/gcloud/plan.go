package gcloud

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/file"
)

// Plan is what is to be done to a configuration. It is applied once.
type Plan struct {
	steps         []step
	before, after map[string]any
	again         func() (*Plan, error) // what is left after it was applied
}

type step struct {
	text string
	do   func() error
}

// Steps are the steps, each one sentence.
func (p *Plan) Steps() []string {
	texts := make([]string, len(p.steps))
	for i, s := range p.steps {
		texts[i] = s.text
	}
	return texts
}

// Diff is the settings that belong to a login, as they are and as they are to be; of credentials it shows the key's identifier
// and a hash.
func (p *Plan) Diff() (before, after any) { return p.before, p.after }

// Apply does the steps and stops at the first that goes wrong; then Steps are those that were done, and another plan finishes
// what is left.
func (p *Plan) Apply(ctx context.Context) error {
	for i, s := range p.steps {
		if ctx.Err() != nil {
			p.steps = p.steps[:i]
			return fmt.Errorf("configure gcloud: interrupted before this: %s; run it again", s.text)
		}
		if err := s.do(); err != nil {
			p.steps = p.steps[:i]
			return fmt.Errorf("configure gcloud: %w; correct that and run it again", err)
		}
	}
	left, err := p.again()
	if err != nil {
		return err
	}
	if steps := left.Steps(); len(steps) > 0 {
		return fmt.Errorf("configure gcloud: something undoes it at once (%s); look what else writes there", strings.Join(steps, ", "))
	}
	return nil
}

// Login plans that gcloud uses these credentials, and, if the configuration is not the active one, that it becomes it.
func (c *Configuration) Login(want Login) (*Plan, error) {
	override := ""
	if want.Key != nil {
		override = c.keyPath(want.Account)
	}
	if want.Project == "" {
		want.Project = c.file.get("core", "project")
	}
	plan := c.plan([]string{want.Account, want.Project, override, strings.Join(want.Impersonate, ",")}, c.name)
	plan.again = func() (*Plan, error) {
		now, err := Observe(c.folder, c.name)
		if err != nil {
			return nil, err
		}
		return now.Login(want)
	}
	if want.Key == nil {
		return plan, nil
	}
	stored, mode, err := readKey(override)
	if err != nil {
		return nil, err
	}
	plan.before["credentials"], plan.after["credentials"] = keyState(stored, mode), keyState(want.Key, 0o600)
	switch {
	case stored == nil:
		plan.before["credentials"] = ""
		plan.first(step{"store the credentials in " + override, func() error { return file.Replace(override, want.Key, 0o600) }})
	case !holds(stored, want.Key):
		plan.first(step{"replace the credentials in " + override, func() error { return file.Replace(override, want.Key, 0o600) }})
	case mode != 0o600:
		plan.after["credentials"] = keyState(stored, 0o600)
		plan.first(step{"make " + override + " readable for its owner only", func() error { return os.Chmod(override, 0o600) }})
	default:
		plan.after["credentials"] = plan.before["credentials"]
	}
	return plan, nil
}

// Logout plans that gcloud forgets the credentials which Login stored, with the settings around them. Where the configuration
// names no such credentials there is nothing to do.
func (c *Configuration) Logout() (*Plan, error) {
	stored := c.ownKey()
	again := func() (*Plan, error) {
		now, err := Observe(c.folder, c.name)
		if err != nil {
			return nil, err
		}
		return now.Logout()
	}
	if stored == "" {
		return &Plan{before: map[string]any{}, after: map[string]any{}, again: again}, nil
	}
	plan := c.plan([]string{"", "", "", ""}, c.stored)
	plan.again = again
	content, mode, err := readKey(stored)
	if err != nil {
		return nil, err
	}
	if content != nil {
		plan.before["credentials"], plan.after["credentials"] = keyState(content, mode), ""
		// Before the settings, which alone tell another run where the credentials are.
		plan.first(step{"remove the credentials in " + stored, func() error { return os.Remove(stored) }})
	}
	return plan, nil
}

// plan is the part about the configuration itself. The values are those of settings, in their order.
func (c *Configuration) plan(values []string, active string) *Plan {
	p := &Plan{before: map[string]any{"configuration": c.stored}, after: map[string]any{"configuration": active}}
	edited := parseINI(c.file.String())
	var sets []string
	for i, s := range settings {
		name, has := s.section+"/"+s.key, c.file.get(s.section, s.key)
		p.before[name], p.after[name] = has, values[i]
		edited.set(s.section, s.key, values[i])
		switch {
		case has == values[i]:
		case values[i] == "":
			sets = append(sets, "unset "+name)
		default:
			sets = append(sets, "set "+name+" to "+values[i])
		}
	}
	if len(sets) > 0 {
		text := strings.Join(sets, ", ") + " in gcloud's configuration " + c.name
		p.steps = append(p.steps, step{text, func() error { return file.Replace(c.path(), []byte(edited.String()), modeOf(c.path())) }})
	}
	// Where nothing names the active configuration, gcloud's first run makes default anew: empty.
	if active != c.stored {
		p.steps = append(p.steps, step{"make " + active + " gcloud's active configuration",
			func() error { return file.Replace(c.activePath(), []byte(active), modeOf(c.activePath())) }})
	}
	return p
}

func (p *Plan) first(s step) { p.steps = append([]step{s}, p.steps...) }

// readKey reads stored credentials; their absence is no error.
func readKey(path string) ([]byte, fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read gcloud's credentials: %w", err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read gcloud's credentials: %w", err)
	}
	return content, info.Mode().Perm(), nil
}

// modeOf is a file's mode, which it keeps, or that of a new one.
func modeOf(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o600
}
