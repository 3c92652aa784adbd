package controlplane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/metal-stack/initial-cluster/internal/charts"
	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// act does the action of a part whose lease is held.
func (d *Deployment) act(ctx context.Context, p *part) error {
	configuration, own := d.helm(ctx, &p.component)
	own.run = p.run()
	defer func() { p.ready, p.deadline = own.ready, own.deadline }()
	wait.Report(ctx, "%s: %s", p.component.Name, p.main())
	if err := d.applyCRDs(ctx, p, own); err != nil {
		return err
	}
	if p.action == Correct {
		return d.correct(ctx, p, own)
	}
	if err := d.recover(p, configuration); err != nil {
		return err
	}
	if err := d.makeRoom(ctx, p); err != nil {
		return err
	}
	if err := d.bringPullSecrets(ctx, p); err != nil {
		return err
	}
	loaded, err := p.chart.Load()
	if err != nil {
		return err
	}
	values, err := copied(p.component.Values)
	if err != nil {
		return err
	}
	if p.action == Install {
		_, err = p.install(configuration).RunWithContext(ctx, loaded, values)
		return d.explain(err)
	}
	if _, err = p.upgrade(configuration).RunWithContext(ctx, p.component.Release, loaded, values); err != nil {
		return d.rollBack(p, configuration, d.explain(err))
	}
	return nil
}

func (p *part) install(configuration *action.Configuration) *action.Install {
	i := action.NewInstall(configuration)
	i.ReleaseName, i.Namespace, i.Timeout = p.component.Release, p.component.Namespace, p.component.Timeout
	i.Replace, i.SkipCRDs, i.TakeOwnership = true, true, true // whose objects are whose was judged before
	i.ForceConflicts, i.DisableOpenAPIValidation = true, true // the cluster has tried them all
	i.WaitStrategy, i.WaitForJobs = kube.StatusWatcherStrategy, true
	i.Labels, i.PostRenderer = p.labels(), p.postRenderer()
	i.PostRenderStrategy = action.PostRenderStrategyNoHooks
	return i
}

func (p *part) upgrade(configuration *action.Configuration) *action.Upgrade {
	u := action.NewUpgrade(configuration)
	u.Namespace, u.Timeout, u.MaxHistory = p.component.Namespace, p.component.Timeout, maxHistory
	u.ResetValues, u.SkipCRDs, u.TakeOwnership, u.DisableOpenAPIValidation = true, true, true, true
	// A release that Helm 3 made is patched as Helm 3 did: the other way is refused there.
	u.ForceConflicts = p.found.last.ApplyMethod == string(serverSide)
	u.WaitStrategy, u.WaitForJobs = kube.StatusWatcherStrategy, true
	u.Labels, u.PostRenderer = p.labels(), p.postRenderer()
	u.PostRenderStrategy = action.PostRenderStrategyNoHooks
	return u
}

func (p *part) labels() map[string]string {
	if p.chart.Digest == "" {
		return nil
	}
	return map[string]string{digestLabel: charts.Short(p.chart.Digest)}
}

// run identifies what hooks are run for: this chart with these values on top of that revision.
func (p *part) run() string {
	base := 0
	if p.found.deployed != nil {
		base = p.found.deployed.Version
	}
	content, err := json.Marshal([]any{base, p.want.chart.Metadata.Version, p.component.Values, p.want.objects, p.want.hookSet})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// correct makes the objects that somebody changed or removed what the release says.
func (d *Deployment) correct(ctx context.Context, p *part, own *client) error {
	for _, t := range p.drifted() {
		if err := d.cluster.Apply(ctx, t.object); err != nil {
			return fmt.Errorf("%s: %w", t.text(), d.cluster.Explain(err))
		}
	}
	if !p.component.Wait {
		return nil
	}
	var all objects
	for _, t := range p.trials {
		all = append(all, t.object)
	}
	return own.await(all)
}

func (d *Deployment) applyCRDs(ctx context.Context, p *part, own *client) error {
	var all objects
	for _, t := range p.staleCRDs() {
		if err := d.cluster.Apply(ctx, t.object); err != nil {
			return fmt.Errorf("%s: %w", t.text(), d.cluster.Explain(err))
		}
		all = append(all, t.object)
	}
	if len(all) == 0 {
		return nil
	}
	defer d.cluster.Forget()
	return own.await(all)
}

// recover makes a revision that a killed run left pending one that has failed, which Helm can go on from.
func (d *Deployment) recover(p *part, configuration *action.Configuration) error {
	last := p.found.last
	if last == nil || !last.Info.Status.IsPending() && last.Info.Status != common.StatusUninstalling {
		return nil
	}
	last.SetStatus(common.StatusFailed, fmt.Sprintf("%s when its run was killed", last.Info.Status))
	if err := configuration.Releases.Update(last); err != nil {
		return fmt.Errorf("recover revision %d: %w", last.Version, d.cluster.Explain(err))
	}
	return nil
}

// makeRoom deletes the objects that can only be replaced. The pods and claims of a StatefulSet stay.
func (d *Deployment) makeRoom(ctx context.Context, p *part) error {
	for _, t := range p.trials {
		if !t.recreate {
			continue
		}
		policy := metav1.DeletePropagationForeground
		if t.object.GetKind() == "StatefulSet" {
			policy = metav1.DeletePropagationOrphan
		}
		if err := d.cluster.Delete(ctx, t.object, policy); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s: %w", t.text(), d.cluster.Explain(err))
		}
		if err := d.awaitGone(ctx, &p.component, t.object); err != nil {
			return err
		}
	}
	return nil
}

func (d *Deployment) awaitGone(ctx context.Context, c *Component, object *unstructured.Unstructured) error {
	o := wait.Options{For: "the object to be gone", Timeout: c.Timeout, Interval: lookInterval}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		state, err := d.cluster.Ready(ctx, object)
		return err == nil && state.Live == nil, cluster.RefOf(object).String() + " is being removed", retryable(err)
	})
}

// rollBack goes back to the last good revision, if that is wanted. The reasons of the failure were found before.
func (d *Deployment) rollBack(p *part, configuration *action.Configuration, cause error) error {
	if !p.component.Rollback || p.found.deployed == nil {
		return cause
	}
	r := action.NewRollback(configuration)
	r.Version, r.Timeout, r.MaxHistory = p.found.deployed.Version, p.component.Timeout, maxHistory
	r.WaitStrategy, r.WaitForJobs = kube.StatusWatcherStrategy, true
	r.ForceConflicts = p.found.last.ApplyMethod == string(serverSide)
	own := configuration.KubeClient.(*client)
	own.extend()
	own.run = ""
	if err := r.Run(p.component.Release); err != nil {
		return fmt.Errorf("%w; the way back to revision %d failed, too: %w", cause, p.found.deployed.Version, d.explain(err))
	}
	return fmt.Errorf("%w; rolled back to revision %d", cause, p.found.deployed.Version)
}

// explain prefers the reasons that were found to Helm's words.
func (d *Deployment) explain(err error) error {
	var unready *Unready
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unready):
		return unready
	}
	return d.cluster.Explain(oneLine(err))
}
