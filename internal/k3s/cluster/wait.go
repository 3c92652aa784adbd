package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

// until waits. A look that the end of the time cuts off has seen nothing: what the one before has seen is told.
func until(ctx context.Context, what string, timeout time.Duration, condition wait.Condition) error {
	o := wait.Options{For: what, Timeout: timeout, Interval: look, Begin: look / 5}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		done, state, err := condition(ctx)
		if !done && ctx.Err() != nil {
			return false, "", nil
		}
		return done, state, err
	})
}

func isNoEtcd(err error) bool { return errors.Is(err, ErrNoEtcd) }
