package cluster

import (
	"context"
	"fmt"
	"time"

	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

const (
	leaseLife  = 15 * time.Second // how long a killed run keeps others waiting
	leaseRenew = 4 * time.Second
	leaseLook  = 500 * time.Millisecond
)

// Lock is a Lease that this process holds and renews.
type Lock struct {
	cluster         *Cluster
	namespace, name string
	holder          string
	// Orphaned is who held it before and did not give it back: a run that was killed. Empty if it was free.
	Orphaned string
	stop     context.CancelFunc
	stopped  chan struct{}
}

// Lock takes the Lease of this name, and waits for one that a living process holds. The context that it gives ends when the lease is
// lost. The caller releases it.
func (c *Cluster) Lock(ctx context.Context, namespace, name, holder string, timeout time.Duration) (context.Context, *Lock, error) {
	l := &Lock{cluster: c, namespace: namespace, name: name, holder: holder, stopped: make(chan struct{})}
	watched := observation{}
	o := wait.Options{For: "another run to end", Timeout: timeout, Interval: leaseLook}
	err := wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) { return l.take(ctx, &watched) })
	if err != nil {
		return ctx, nil, c.Explain(err)
	}
	held, cancel := context.WithCancelCause(ctx)
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(keeping, cancel)
	return held, l, nil
}

// observation is a foreign lease as it was first seen so: clocks of two machines are not compared.
type observation struct {
	version string
	since   time.Time
}

func (o *observation) age(version string) time.Duration {
	if o.version != version {
		o.version, o.since = version, time.Now()
	}
	return time.Since(o.since)
}

func (l *Lock) take(ctx context.Context, watched *observation) (done bool, state string, err error) {
	leases := l.cluster.typed.CoordinationV1().Leases(l.namespace)
	found, err := leases.Get(ctx, l.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, l.lease(nil), metav1.CreateOptions{FieldManager: Manager})
		return err == nil, "another run began at the same time", ignoreConflict(err)
	}
	if err != nil {
		return false, "", err
	}
	other := ""
	if found.Spec.HolderIdentity != nil {
		other = *found.Spec.HolderIdentity
	}
	life := leaseLife
	if found.Spec.LeaseDurationSeconds != nil {
		life = time.Duration(*found.Spec.LeaseDurationSeconds) * time.Second
	}
	if other != "" && other != l.holder && !dead(other) && watched.age(found.ResourceVersion) < life {
		return false, fmt.Sprintf("%s at work (lease %s)", other, l.name), nil
	}
	if _, err = leases.Update(ctx, l.lease(found), metav1.UpdateOptions{FieldManager: Manager}); err != nil {
		return false, "another run took it", ignoreConflict(err)
	}
	l.Orphaned = other
	return true, "", nil
}

func ignoreConflict(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (l *Lock) lease(old *coordination.Lease) *coordination.Lease {
	lease := &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: l.name, Namespace: l.namespace}}
	if old != nil {
		lease = old.DeepCopy()
	}
	seconds, now := int32(leaseLife.Seconds()), metav1.NowMicro()
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = &l.holder, &seconds, &now
	return lease
}

// keep renews the lease. Once somebody else has it, or it could not be renewed for its whole life, the work must end.
func (l *Lock) keep(ctx context.Context, lost context.CancelCauseFunc) {
	defer close(l.stopped)
	leases := l.cluster.typed.CoordinationV1().Leases(l.namespace)
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			lost(nil)
			return
		case <-time.After(leaseRenew):
		}
		found, err := leases.Get(ctx, l.name, metav1.GetOptions{})
		if err == nil && (found.Spec.HolderIdentity == nil || *found.Spec.HolderIdentity != l.holder) {
			lost(fmt.Errorf("the lease %s is another run's now", l.name))
			<-ctx.Done()
			return
		}
		if err == nil {
			_, err = leases.Update(ctx, l.lease(found), metav1.UpdateOptions{FieldManager: Manager})
		}
		if err == nil {
			renewed = time.Now()
		}
		if time.Since(renewed) > leaseLife {
			lost(fmt.Errorf("the lease %s could not be renewed: %w", l.name, l.cluster.Explain(err)))
		}
	}
}

// Release gives the lease back, so that the next run need not wait. It is no reason to fail if that can't be done: the lease ends by
// itself.
func (l *Lock) Release() {
	l.stop()
	<-l.stopped
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	leases := l.cluster.typed.CoordinationV1().Leases(l.namespace)
	found, err := leases.Get(ctx, l.name, metav1.GetOptions{})
	if err != nil || found.Spec.HolderIdentity == nil || *found.Spec.HolderIdentity != l.holder {
		return
	}
	free := ""
	found.Spec.HolderIdentity = &free
	_, _ = leases.Update(ctx, found, metav1.UpdateOptions{FieldManager: Manager})
}
