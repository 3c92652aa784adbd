package cluster

import (
	"context"
	"fmt"
	"time"
)

// leaseName is the Lease that whoever stops a server holds: one at a time in the whole cluster.
const leaseName = "initial-cluster-servers"

// skew is how far the clocks of two hosts may be apart.
const skew = time.Minute

type lease struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Metadata   metadata  `json:"metadata"`
	Spec       leaseSpec `json:"spec"`
}

type leaseSpec struct {
	Holder  string `json:"holderIdentity"`
	Seconds int    `json:"leaseDurationSeconds"`
	Renewed string `json:"renewTime"`
}

func newLease(holder string, life time.Duration) lease {
	return lease{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Metadata: metadata{Name: leaseName, Namespace: systemNamespace},
		Spec: leaseSpec{holder, int(life.Seconds()), time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00")},
	}
}

// observation is a lease of another as it was first seen so.
type observation struct {
	version string
	since   time.Time
}

// over tells that the lease has ended: it was seen unchanged for its whole life, or its holder's clock says that it ended long ago.
func (o *observation) over(l lease) bool {
	if o.version != l.Metadata.ResourceVersion {
		o.version, o.since = l.Metadata.ResourceVersion, time.Now()
	}
	life := time.Duration(l.Spec.Seconds) * time.Second
	if time.Since(o.since) > life {
		return true
	}
	renewed, err := time.Parse(time.RFC3339, l.Spec.Renewed)
	return err == nil && time.Since(renewed) > life+skew
}

// take takes the lease if nobody else has it. A holder that comes back, as a run that goes on where a killed one has ended, has it
// already.
func (c *Cluster) take(ctx context.Context, holder string, life time.Duration, watched *observation) (bool, string, error) {
	var found lease
	if err := c.get(ctx, &found, "lease", leaseName, "--namespace="+systemNamespace); err != nil {
		state, err := unanswered(err)
		return false, state, err
	}
	other := found.Spec.Holder
	if other != "" && other != holder && !watched.over(found) {
		return false, fmt.Sprintf("%s is at work (lease %s/%s)", other, systemNamespace, leaseName), nil
	}
	verb, wanted := "create", newLease(holder, life)
	if found.Metadata.Name != "" {
		verb, wanted.Metadata.ResourceVersion = "replace", found.Metadata.ResourceVersion
	}
	if err := c.write(ctx, wanted, verb); err != nil {
		state, err := unanswered(err) // mostly somebody who was quicker
		return false, state, err
	}
	return true, "", nil
}

// giveBack frees the lease if the holder still has it. The words may lead to another server.
func (c *Cluster) giveBack(ctx context.Context, holder string, words ...string) error {
	var found lease
	if err := c.get(ctx, &found, append(words, "lease", leaseName, "--namespace="+systemNamespace)...); err != nil {
		return err
	}
	if found.Spec.Holder != holder {
		return nil
	}
	free := newLease("", time.Duration(found.Spec.Seconds)*time.Second)
	free.Metadata.ResourceVersion = found.Metadata.ResourceVersion
	return c.write(ctx, free, append(words, "replace")...)
}
