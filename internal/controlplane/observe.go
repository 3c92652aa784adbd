package controlplane

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/metadata"

	core "k8s.io/api/core/v1"
)

// observed is what is stored of a release: its last revision, and the last one that was deployed. Both are nil if there is none.
type observed struct {
	last, deployed *release.Release
}

// mark is enough to tell whether a release has changed since it was observed.
func (o observed) mark() string {
	if o.last == nil {
		return ""
	}
	return fmt.Sprintf("%d %s", o.last.Version, o.last.Info.Status)
}

// revision is a release's revision as its Secret's labels tell it.
type revision struct {
	number int
	status common.Status
}

// revisions lists those of all releases in a namespace by the labels alone: the Secrets hold whole charts.
func (d *Deployment) revisions(ctx context.Context, namespace string) (map[string][]revision, error) {
	config, err := d.cluster.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	labels, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	secrets := core.SchemeGroupVersion.WithResource("secrets")
	list, err := labels.Resource(secrets).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		return nil, d.cluster.Explain(err)
	}
	found := map[string][]revision{}
	for _, secret := range list.Items {
		number, err := strconv.Atoi(secret.Labels["version"])
		if err != nil {
			continue
		}
		name := secret.Labels["name"]
		found[name] = append(found[name], revision{number, common.Status(secret.Labels["status"])})
	}
	for _, revisions := range found {
		slices.SortFunc(revisions, func(a, b revision) int { return a.number - b.number })
	}
	return found, nil
}

// observe reads the two revisions that matter.
func (d *Deployment) observe(c *Component, revisions []revision) (observed, error) {
	var o observed
	if len(revisions) == 0 {
		return o, nil
	}
	last := revisions[len(revisions)-1]
	var err error
	if o.last, err = d.revision(c, last.number); err != nil {
		return o, err
	}
	for _, r := range slices.Backward(revisions) {
		if r.status == common.StatusDeployed && r.number == last.number {
			o.deployed = o.last
			return o, nil
		}
		if r.status == common.StatusDeployed {
			o.deployed, err = d.revision(c, r.number)
			return o, err
		}
	}
	return o, nil
}

func (d *Deployment) revision(c *Component, number int) (*release.Release, error) {
	found, err := d.storage(c.Namespace).Get(c.Release, number)
	if err != nil {
		return nil, fmt.Errorf("read revision %d of release %s: %w", number, c.Release, d.cluster.Explain(err))
	}
	r, ok := found.(*release.Release)
	if !ok {
		return nil, fmt.Errorf("read revision %d of release %s: it is of another form (%T); a newer Helm has written it", number, c.Release, found)
	}
	return r, nil
}
