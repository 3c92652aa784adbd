package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// elect waits for a Lease, whose name a variable tells, and does something as long as it holds it. It ends when that is over.
func elect(ctx context.Context, client *kubernetes.Clientset, variable string, hold func(context.Context) error) error {
	times := map[string]time.Duration{}
	for _, name := range []string{"vip_leaseduration", "vip_renewdeadline", "vip_retryperiod"} {
		t, err := time.ParseDuration(os.Getenv(name) + "s")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		times[name] = t
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t, name := term{}, os.Getenv(variable)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: os.Getenv("cp_namespace"), Name: name}, Client: client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: os.Getenv("vip_nodename")},
		},
		LeaseDuration: times["vip_leaseduration"], RenewDeadline: times["vip_renewdeadline"], RetryPeriod: times["vip_retryperiod"], ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				slog.Info("holds the Lease", "name", name)
				t.serve(func() error { return hold(ctx) })
				cancel()
			},
			OnStoppedLeading: func() { slog.Info("does not hold the Lease", "name", name) },
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return t.end()
}

// term is a time in office, which the elector begins whenever it comes to it.
type term struct {
	mutex sync.Mutex
	over  bool
	err   error
}

func (t *term) serve(hold func() error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if !t.over {
		t.err = hold()
	}
}

// end waits until nothing is held any more.
func (t *term) end() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.over = true
	return t.err
}
