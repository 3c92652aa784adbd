package wait_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

var options = wait.Options{For: "node Ready", Timeout: 5 * time.Minute, Interval: 10 * time.Second}

func TestUntilLooksAgainUntilTheConditionHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		ctx := wait.WithReporter(t.Context(), func(state string) { seen = append(seen, state) })
		begin, looks := time.Now(), 0
		err := wait.Until(ctx, options, func(context.Context) (bool, string, error) {
			looks++
			return looks == 3, "NotReady", nil
		})
		require.NoError(t, err)
		assert.Equal(t, 20*time.Second, time.Since(begin))
		assert.Equal(t, []string{"NotReady", "NotReady"}, seen)
	})
}

func TestUntilLooksMoreOftenAtTheBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var after []time.Duration
		begin := time.Now()
		err := wait.Until(t.Context(), wait.Options{Interval: 3 * time.Second, Begin: time.Second}, func(context.Context) (bool, string, error) {
			after = append(after, time.Since(begin))
			return len(after) == 5, "NotReady", nil
		})
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, time.Second, 2500 * time.Millisecond, 4750 * time.Millisecond, 7750 * time.Millisecond}, after)
	})
}

func TestUntilGivesUpAndNamesWhatItLastSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := wait.Until(t.Context(), options, func(context.Context) (bool, string, error) {
			return false, "NotReady (cni config uninitialized)", nil
		})
		require.EqualError(t, err, "wait for node Ready: gave up after 5m0s, last seen NotReady (cni config uninitialized)")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestUntilGivesUpOnAConditionThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := wait.Until(t.Context(), options, func(ctx context.Context) (bool, string, error) {
			<-ctx.Done()
			return false, "", ctx.Err()
		})
		require.EqualError(t, err, "wait for node Ready: gave up after 5m0s, last seen nothing yet")
	})
}

// Once, the end of the last request was told in place of what the one before had seen.
func TestUntilNamesWhatItSawBeforeALookThatTheDeadlineCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		err := wait.Until(t.Context(), options, func(ctx context.Context) (bool, string, error) {
			if looks++; looks == 1 {
				return false, "NotReady", nil
			}
			<-ctx.Done()
			return false, ctx.Err().Error(), nil
		})
		require.EqualError(t, err, "wait for node Ready: gave up after 5m0s, last seen NotReady")
	})
}

func TestUntilSaysThatItWasInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := wait.Until(ctx, options, func(context.Context) (bool, string, error) {
			cancel(errors.New("signal terminated"))
			return false, "NotReady", nil
		})
		require.EqualError(t, err, "wait for node Ready: interrupted (signal terminated) after 0s, last seen NotReady")
	})
}

func TestUntilStopsAtAnError(t *testing.T) {
	gone := errors.New("node is gone")
	err := wait.Until(t.Context(), options, func(context.Context) (bool, string, error) { return false, "", gone })
	require.ErrorIs(t, err, gone)
}
