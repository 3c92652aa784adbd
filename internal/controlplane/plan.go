package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	chartcommon "helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/release/common"

	"github.com/metal-stack/initial-cluster/internal/charts"
)

// Action is what is to be done with a component.
type Action string

// The actions.
const (
	None    Action = "none"
	Install Action = "install"
	Upgrade Action = "upgrade"
	Correct Action = "correct" // objects that somebody changed or removed are made what the release says; no new revision, no hooks
	Remove  Action = "remove"
)

// Plan is what would make a deployment what it should be.
type Plan struct {
	deployment *Deployment
	parts      []*part
}

// part is the plan of one component.
type part struct {
	component Component
	chart     *charts.Chart
	found     observed
	base      objects // of the deployed revision
	want      *rendered
	action    Action
	recover   string // what is in the way, if anything is: a revision that a killed run left pending
	namespace bool   // is to be created
	homeless  bool   // the namespace is not there now
	crds      []*trial
	trials    []*trial
	changes   []change
	values    []string // paths that differ
	missing   []string // entries of Secrets that values are wanted from and that are not there
	version   string   // of the chart that is deployed, if it is another
	warnings  []string
	ready     time.Time // when the run saw it ready; zero if it did not wait for that
	deadline  time.Time
	err       error
	late      error // found after those that need it have gone on
}

func (p *part) failure() error {
	if p.err != nil {
		return p.err
	}
	return p.late
}

// Plan observes and compares; it changes nothing. Its error has all that was found wrong with the components, one line each.
func (d *Deployment) Plan(ctx context.Context) (*Plan, error) {
	p := &Plan{deployment: d}
	for _, c := range d.components {
		p.parts = append(p.parts, &part{component: c})
	}
	revisions, err := d.allRevisions(ctx)
	if err != nil {
		return nil, err
	}
	p.each(func(part *part) error {
		return d.render(ctx, part, revisions[part.component.Namespace][part.component.Release])
	})
	if err := p.errors(); err != nil {
		return p, err
	}
	kinds := comingKinds(p.parts...)
	p.each(func(part *part) error { return d.compare(ctx, part, kinds) })
	return p, p.errors()
}

func (d *Deployment) allRevisions(ctx context.Context) (map[string]map[string][]revision, error) {
	all := map[string]map[string][]revision{}
	var failures []error
	for _, c := range d.components {
		if _, done := all[c.Namespace]; done {
			continue
		}
		found, err := d.revisions(ctx, c.Namespace)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: read the releases in namespace %s: %w", c.Name, c.Namespace, err))
		}
		all[c.Namespace] = found
	}
	return all, errors.Join(failures...)
}

// each does the same for all parts side by side.
func (p *Plan) each(do func(*part) error) {
	var all sync.WaitGroup
	for _, part := range p.parts {
		all.Go(func() { part.err = do(part) })
	}
	all.Wait()
}

func (p *Plan) errors() error {
	var failures []error
	for _, part := range p.parts {
		if part.err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", part.component.Name, part.err))
		}
	}
	return errors.Join(failures...)
}

// render fetches the chart and renders it as the deployed revision would have it, so that the two can be compared.
func (d *Deployment) render(ctx context.Context, p *part, revisions []revision) (err error) {
	if p.found, err = d.observe(&p.component, revisions); err != nil {
		return err
	}
	if err := d.resolve(ctx, p); err != nil {
		return err
	}
	if p.chart, err = p.source(ctx); err != nil {
		return err
	}
	if p.want, err = d.rendered(ctx, p); err != nil {
		return err
	}
	if err := p.want.objects.badSecrets(p.component.Values); err != nil {
		return err
	}
	if err := d.tryCRDs(ctx, p); err != nil {
		return err
	}
	if p.found.deployed == nil {
		return nil
	}
	if p.base, err = parse(p.found.deployed.Manifest); err != nil {
		return err
	}
	p.base.withoutScaled()
	return d.settle(ctx, p)
}

// rendered are the objects as they are applied.
func (d *Deployment) rendered(ctx context.Context, p *part) (*rendered, error) {
	r, err := d.renderer.render(ctx, p.chart, p.component.Values, p.options())
	if err == nil {
		r.adjusted = p.component.adjust(r.objects)
	}
	return r, err
}

// source fetches the chart. One that is gone from its registry is taken from the release that has it, if it is the same.
func (p *part) source(ctx context.Context) (*charts.Chart, error) {
	if p.component.Chart == nil {
		return charts.Manifests(p.component.Name, p.component.Manifests), nil
	}
	chart, err := p.component.Chart.Fetch(ctx)
	if err == nil || !errors.Is(err, charts.ErrGone) || p.found.deployed == nil {
		return chart, err
	}
	stored := p.component.Chart.Stored(p.found.deployed.Chart, p.found.deployed.Labels[digestLabel])
	if stored == nil {
		return nil, err
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s: %v; the installed release has the same, which is used", p.component.Name, err))
	return stored, nil
}

// digestLabel on a release holds the first digits of the chart's digest: a label has at most 63 characters.
const digestLabel = "initial-cluster-chart"

func (p *part) options() chartcommon.ReleaseOptions {
	o := chartcommon.ReleaseOptions{Name: p.component.Release, Namespace: p.component.Namespace, Revision: 1, IsInstall: true}
	if r := p.found.deployed; r != nil {
		o.Revision, o.IsInstall, o.IsUpgrade = r.Version, r.Version == 1, r.Version > 1
	}
	return o
}

// settle compares with the deployed revision. What differs from rendering to rendering, and what only says whether this is an
// installation or an upgrade, is no difference.
func (d *Deployment) settle(ctx context.Context, p *part) error {
	base, r := p.found.deployed, p.want
	oldHooks, err := parse(hookManifest(base.Hooks))
	if err != nil {
		return err
	}
	compare := func(r *rendered, ignored map[string]bool) []change {
		found := differences(p.base, r.objects, p.component.Namespace, ignored)
		return append(found, differences(oldHooks, r.hookSet, p.component.Namespace, ignored)...)
	}
	p.changes = compare(r, nil)
	if len(p.changes) > 0 {
		again, err := d.rendered(ctx, p)
		if err != nil {
			return err
		}
		ignored := restless(append(r.objects, r.hookSet...), append(again.objects, again.hookSet...), p.component.Namespace)
		p.changes = compare(r, ignored)
		p.warnRestless(ignored)
	}
	config, err := copied(p.component.Values)
	if err != nil {
		return err
	}
	p.values = changedValues(base.Config, config)
	if was, is := base.Chart.Metadata, r.chart.Metadata; was.Name != is.Name || was.Version != is.Version {
		p.version = was.Name + " " + was.Version
	}
	return nil
}

func (p *part) warnRestless(ignored map[string]bool) {
	if len(ignored) == 0 {
		return
	}
	p.warnings = append(p.warnings, fmt.Sprintf("%s: the chart renders %s anew each time; that is not taken for a change",
		p.component.Name, strings.Join(slices.Sorted(keys(ignored)), ", ")))
}

// compare tries the objects out and decides.
func (d *Deployment) compare(ctx context.Context, p *part, coming map[string]bool) error {
	if err := d.tryAll(ctx, p, coming); err != nil {
		return err
	}
	p.decide()
	return nil
}

func (p *part) decide() {
	last := p.found.last
	switch {
	case last == nil || last.Info.Status == common.StatusUninstalled:
		p.action = Install
		return
	case last.Info.Status.IsPending() || last.Info.Status == common.StatusUninstalling:
		p.recover = fmt.Sprintf("revision %d is %s", last.Version, last.Info.Status)
	case last.Info.Status != common.StatusDeployed:
		p.recover = fmt.Sprintf("revision %d has %s", last.Version, last.Info.Status)
	}
	switch {
	case p.found.deployed == nil && last.Info.Status != common.StatusSuperseded:
		p.action = Install
	case p.recover != "" || len(p.changes) > 0 || len(p.values) > 0 || p.version != "":
		p.action = Upgrade
	case len(p.drifted()) > 0 || len(p.staleCRDs()) > 0:
		p.action = Correct
	default:
		p.action = None
	}
}

func (p *part) drifted() []*trial {
	return slices.DeleteFunc(slices.Clone(p.trials), func(t *trial) bool { return !t.differs() })
}
func (p *part) staleCRDs() []*trial {
	return slices.DeleteFunc(slices.Clone(p.crds), func(t *trial) bool { return !t.differs() })
}

func (p *part) revision() int {
	if p.found.last == nil {
		return 1
	}
	return p.found.last.Version + 1
}
