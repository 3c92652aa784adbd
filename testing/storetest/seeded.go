package storetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/store"
)

// Disturbance makes things go wrong, at random but by the seed the same, until it is called with nil.
type Disturbance func(source *rand.Rand)

// impatient gives up soon, so that many runs take little time.
var impatient = store.Limits{Deadline: 10 * time.Second, Stall: 300 * time.Millisecond, Attempts: 2}

// Runs is how many runs a test of random faults has: STORE_FAULT_RUNS, or few.
func Runs(t testing.TB) int {
	t.Helper()
	text := os.Getenv("STORE_FAULT_RUNS")
	if text == "" {
		return 20
	}
	runs, err := strconv.Atoi(text)
	require.NoError(t, err)
	return runs
}

// Tally counts how runs under faults ended.
type Tally struct{ Runs, Acknowledged, Refused, Lost int }

// Disturbed puts, gets and lists under faults, as often as there are runs, each with a seed of its own: what is acknowledged is there and
// whole, what is not is there whole or not at all, what was there before stays, and a list that is no error lacks nothing.
func Disturbed(t *testing.T, open func(l store.Limits) store.Store, disturb Disturbance) Tally {
	t.Helper()
	calm, upset := contract{Store: open(store.Limits{})}, contract{Store: open(impatient)}
	tally := Tally{Runs: Runs(t)}
	known := map[string][]byte{}
	for seed := range tally.Runs {
		source := rand.New(rand.NewPCG(uint64(seed), 0))
		name := fmt.Sprintf("run/%04d", seed)
		data := Bytes(uint64(seed), size(source))
		disturb(source)
		err := upset.Put(t.Context(), absent(Content(name, data)))
		_, _ = upset.Get(t.Context(), name, &bytes.Buffer{}) // whatever it says must not harm
		found, listing := upset.List(t.Context(), "run/")
		disturb(nil)
		if err == nil {
			known[name] = data
			tally.Acknowledged++
		} else {
			tally.Refused++
		}
		if listing == nil {
			assert.GreaterOrEqual(t, len(found), len(known), "seed %d: a list without an error lacks something", seed)
		}
		tally.Lost += calm.lost(t, name, data, err == nil)
	}
	for name, data := range known {
		tally.Lost += calm.lost(t, name, data, true)
	}
	_, err := calm.Sweep(t.Context(), 0)
	require.NoError(t, err)
	t.Logf("%+v", tally)
	return tally
}

func size(source *rand.Rand) int {
	if source.IntN(8) == 0 {
		return store.AtomicSize + source.IntN(store.AtomicSize)
	}
	return source.IntN(300_000)
}

// lost is 1 if a content that must be there is not whole; what may be there or not is whole if it is.
func (c contract) lost(t *testing.T, name string, data []byte, must bool) int {
	t.Helper()
	var got bytes.Buffer
	_, err := c.Get(t.Context(), name, &got)
	if err != nil && !must {
		return 0
	}
	if assert.NoError(t, err) && assert.True(t, bytes.Equal(data, got.Bytes()), "%s is another one", name) {
		return 0
	}
	return 1
}

// Disturb does something wrong with about a third of the requests.
func (p *Proxy) Disturb(unwell string) Disturbance {
	return func(source *rand.Rand) {
		if source == nil {
			p.Choose(nil)
			return
		}
		p.Choose(func(*http.Request) Fault {
			if source.IntN(3) > 0 {
				return nil
			}
			at := source.Int64N(400_000)
			return []Fault{
				Answer(503, unwell), Answer(500, ""), Cut(at), LoseAnswer, p.BlackHole, CutAnswer(int(at)), FlipRequest(at), Answer(200, ""),
				Rewrite(func(body []byte) []byte { return body[:len(body)/2] }),
			}[source.IntN(9)]
		})
	}
}
