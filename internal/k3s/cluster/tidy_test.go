package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// restored is a Kubernetes as a backup has it: all of its nodes are Ready.
type restored struct {
	leases map[string]func(asked int) string // when they were renewed; empty is that there is none
	away   int                               // for so many questions
	asked  int
}

func (r *restored) kubectl(words []string) (string, error) {
	if r.asked++; r.asked <= r.away {
		return "", &host.RunError{Code: 1, Words: words, Stderr: "the API is away"}
	}
	var items []string
	for name, renewed := range r.leases {
		switch at := renewed(r.asked); {
		case slices.Contains(words, "nodes"):
			items = append(items, fmt.Sprintf(`{"metadata": {"name": %q}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`, name))
		case at != "":
			items = append(items, fmt.Sprintf(`{"metadata": {"name": %q}, "spec": {"renewTime": %q}}`, name, at))
		}
	}
	return `{"items": [` + strings.Join(items, ",") + `]}`, nil
}

func (r *restored) cluster() *Cluster { return &Cluster{access: Access{Host: &near{run: r.kubectl}}} }

func constant(at string) func(int) string { return func(int) string { return at } }

func moving(asked int) string { return fmt.Sprintf("2026-11-27T18:00:%02d.000000Z", asked) }

const quiet = 300 * time.Millisecond

// Once, a node that is no more was taken for one that lives: it is Ready until a controller has noticed, which was not awaited for long enough.
func TestANodeLivesIfItRenewsItsLease(t *testing.T) {
	t.Parallel()
	r := &restored{away: 1, leases: map[string]func(int) string{
		"a1": constant("2026-11-27T17:00:00.000000Z"), "a2": moving, "a3": constant(""), "a4": constant(""),
		"a5": func(asked int) string { return map[bool]string{true: moving(asked)}[asked > 2] },
	}}
	alive, err := r.cluster().alive(t.Context(), []Node{{Name: "a1", Ready: true}, {Name: "a2"}, {Name: "a3", Ready: true}, {Name: "a4"}, {Name: "a5"}}, quiet)
	require.NoError(t, err)
	assert.Equal(t, []string{"a2", "a3", "a5"}, alive)
}

func TestNoNodeIsTakenForDeadWhileNobodyTells(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*quiet)
	defer cancel()
	_, err := (&restored{away: 100}).cluster().alive(ctx, []Node{{Name: "a1"}}, quiet)
	assert.ErrorContains(t, err, "wait for the Leases of the nodes: gave up")
	assert.ErrorContains(t, err, "the API is away")
}

func TestANodeThatLivesIsLeft(t *testing.T) {
	t.Parallel()
	r := &restored{leases: map[string]func(int) string{"s1": moving, "a1": moving}}
	done, warnings, err := r.cluster().Tidy(t.Context(), []string{"s1"}, time.Minute)
	require.NoError(t, err)
	assert.Empty(t, done)
	assert.Equal(t, []string{"node a1 is none of those that are named, and lives; it was left as it is"}, warnings)
}
