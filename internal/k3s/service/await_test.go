package service

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// starts is an init system whose service is ready after some time.
type starts struct {
	System
	ready time.Time
}

func (s starts) State(context.Context, string) (State, error) {
	return State{Active: !time.Now().Before(s.ready), Running: true, Detail: "activating (start)"}, nil
}

func TestARefusalEndsAStartIfItIsSaidAgainAndAgain(t *testing.T) {
	t.Parallel()
	const refusal, refused = "Node password rejected", "start k3s-agent: Node password rejected; the cluster knows a node of this name that is another machine, or was this one " +
		"before it was installed anew; remove that node from the cluster first"
	for name, c := range map[string]struct {
		lasts time.Duration // the refusal, said every two seconds; anything else is said then
		after time.Duration // the start has an end
		want  string
	}{
		"of a server that has just started": {lasts: time.Second, after: time.Minute},
		"for some seconds":                  {lasts: 9 * time.Second, after: time.Minute},
		"for good":                          {lasts: time.Hour, after: 11 * time.Second, want: refused},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				log := func(context.Context) (lines []string, err error) {
					for at := begin; !at.After(time.Now()); at = at.Add(2 * time.Second) {
						said := "Running containerd"
						if at.Sub(begin) < c.lasts {
							said = refusal
						}
						lines = append(lines, fmt.Sprintf("time=%q level=info msg=%q", at.Format(time.RFC3339), said))
					}
					return lines, nil
				}
				err := Await(t.Context(), starts{ready: begin.Add(time.Minute)}, Agent, log, time.Hour)
				if c.want == "" {
					assert.NoError(t, err)
				} else {
					assert.EqualError(t, err, c.want)
				}
				assert.WithinDuration(t, begin.Add(c.after), time.Now(), 2*time.Second)
			})
		})
	}
}
