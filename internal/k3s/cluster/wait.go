package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

func until(ctx context.Context, what string, timeout time.Duration, condition wait.Condition) error {
	return wait.Until(ctx, wait.Options{For: what, Timeout: timeout, Interval: look, Begin: look / 5}, condition)
}

func isNoEtcd(err error) bool { return errors.Is(err, ErrNoEtcd) }
