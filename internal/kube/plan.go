package kube

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/file"
)

// ConfigPlan is what is to be done to a kubeconfig. It is applied once.
type ConfigPlan struct {
	config        *Config
	name          string
	steps         []string
	before, after map[string]any
	content       []byte
	mode          fs.FileMode
	again         func(*Config) (*ConfigPlan, error)
}

// Steps are the steps, each one sentence; they are done together, by one write.
func (p *ConfigPlan) Steps() []string { return p.steps }

// Diff is the access in the kubeconfig, as it is and as it is to be, with secrets hidden.
func (p *ConfigPlan) Diff() (before, after any) { return p.before, p.after }

// ownerOnly is the mode of a file that may hold a credential.
const ownerOnly fs.FileMode = 0o600

// Merge plans that the kubeconfig holds an access, and perhaps that its context is the current one. What belongs to other
// clusters stays, and of this one's entries what is not the access' (a namespace, a proxy, extensions). A file that others
// may read becomes its owner's alone.
func (c *Config) Merge(want Access, current bool) (*ConfigPlan, error) {
	if want.Name == "" || want.Server == "" {
		return nil, errors.New("write the kubeconfig: the cluster has no name or no server yet; run it again when it has")
	}
	e := &edit{root: clone(c.root)}
	e.complete()
	for _, s := range sections {
		if err := e.put(want, s.list, s.kind); err != nil {
			return nil, err
		}
	}
	p := c.plan(want.Name, func(now *Config) (*ConfigPlan, error) { return now.Merge(want, current) })
	p.step(len(e.added) > 0, "add %s %s to %s", listed(e.added), want.Name, c.path)
	p.step(len(e.changed) > 0, "change %s %s in %s", listed(e.changed), want.Name, c.path)
	if current && text(e.root, "current-context") != want.Name {
		set(e.root, "current-context", &yaml.Node{Kind: yaml.ScalarNode, Value: want.Name})
		p.step(true, "make %s the current context in %s", want.Name, c.path)
	}
	if p.mode &^= 0o077; c.exists && p.mode != c.mode {
		p.step(true, "make %s readable for its owner only, it has mode %04o", c.path, c.mode)
	}
	return p, p.finish(e)
}

// Purge plans that the kubeconfig knows nothing of the cluster, user and context of a name.
func (c *Config) Purge(name string) (*ConfigPlan, error) {
	e := &edit{root: clone(c.root)}
	p := c.plan(name, func(now *Config) (*ConfigPlan, error) { return now.Purge(name) })
	removed := e.take(name)
	p.step(len(removed) > 0, "remove %s %s from %s", listed(removed), name, c.path)
	if text(e.root, "current-context") == name {
		set(e.root, "current-context", &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle})
		p.step(true, "unset the current context in %s", c.path)
	}
	return p, p.finish(e)
}

func (c *Config) plan(name string, again func(*Config) (*ConfigPlan, error)) *ConfigPlan {
	p := &ConfigPlan{config: c, name: name, again: again, mode: ownerOnly, before: map[string]any{}, after: map[string]any{}}
	if c.exists {
		p.mode = c.mode
	}
	return p
}

func (p *ConfigPlan) step(needed bool, format string, args ...any) {
	if needed {
		p.steps = append(p.steps, fmt.Sprintf(format, args...))
	}
}

// finish describes the difference and, if there is something to do, prepares the new content.
func (p *ConfigPlan) finish(e *edit) error {
	for _, s := range sections {
		p.before[s.kind], p.after[s.kind] = masked(body(p.config.root, s.list, s.kind, p.name), body(e.root, s.list, s.kind, p.name))
	}
	p.before["current-context"], p.after["current-context"] = text(p.config.root, "current-context"), text(e.root, "current-context")
	p.before["mode"], p.after["mode"] = "", fmt.Sprintf("%04o", p.mode)
	if p.config.exists {
		p.before["mode"] = fmt.Sprintf("%04o", p.config.mode)
	}
	if len(p.steps) == 0 {
		p.after["mode"] = p.before["mode"]
		return nil
	}
	var err error
	if p.content, err = format(e.root, p.config.head); err == nil {
		err = (&Config{}).parse(p.content)
	}
	if err != nil {
		return fmt.Errorf("edit the kubeconfig %s: %w", p.config.path, err)
	}
	return nil
}

func body(root *yaml.Node, list, kind, name string) *yaml.Node {
	found := entries(root, list, name)
	if len(found) == 0 {
		return nil
	}
	return get(found[0], kind)
}

// Apply does the steps under the lock that kubectl takes, on what the file holds by then; Steps are those that were done. It
// may be repeated from any point.
func (p *ConfigPlan) Apply(ctx context.Context) error {
	if len(p.steps) == 0 {
		return nil
	}
	planned := p.steps
	p.steps = nil
	unlock, err := lock(ctx, p.config.path)
	if err != nil {
		return err
	}
	done, err := p.write()
	if err := errors.Join(err, unlock()); err != nil {
		return err
	}
	p.steps = done
	left, err := p.look()
	if err != nil {
		return err
	}
	if len(left.steps) > 0 {
		return fmt.Errorf("write the kubeconfig %s: something undoes it at once (%s of %s); look what else writes there",
			p.config.path, strings.Join(left.steps, ", "), strings.Join(planned, ", "))
	}
	return nil
}

// look plans the same on the file as it is now.
func (p *ConfigPlan) look() (*ConfigPlan, error) {
	now, err := ObserveConfig(p.config.path)
	if err != nil {
		return nil, err
	}
	return p.again(now)
}

func (p *ConfigPlan) write() (steps []string, err error) {
	now, err := p.look()
	if err != nil || len(now.steps) == 0 {
		return nil, err
	}
	if err := file.Replace(now.config.path, now.content, now.mode); err != nil {
		return nil, fmt.Errorf("%w; correct that and run it again", err)
	}
	return now.steps, nil
}
