package metalstackcloud

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

const project = "f8e67080-ba68-41d2-ad44-59dc65a09a33"

var pace = Pace{Look: 5 * time.Millisecond, Begin: 2 * time.Second, Retry: time.Millisecond}

// authority signs for all servers of these tests: Go reads SSL_CERT_FILE once a process.
var authority *certtest.Authority

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "metalstackcloud")
	if err == nil {
		authority, err = certtest.NewAuthority(dir)
	}
	if err == nil {
		err = os.Setenv("SSL_CERT_FILE", authority.File())
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

type world struct {
	*metalstackcloudtest.Server
	cloud *Cloud
	token string
}

func newWorld(t *testing.T, o metalstackcloudtest.Options) *world {
	t.Helper()
	var err error
	o.Certificate, err = authority.ServerCertificate()
	require.NoError(t, err)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	w := &world{}
	w.Server, err = metalstackcloudtest.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	w.token, err = w.Token(time.Hour, metalstackcloudtest.Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	w.cloud, err = Open(t.Context(), Access{Token: w.token, Pace: pace})
	require.NoError(t, err)
	return w
}

// make makes the world as it is wanted and gives the steps that were done.
func (w *world) make(t *testing.T, ctx context.Context, want Want) ([]string, error) {
	t.Helper()
	found, err := w.cloud.Observe(ctx, want)
	if err != nil {
		return nil, err
	}
	plan, err := found.Plan(want)
	if err != nil {
		return nil, err
	}
	err = plan.Apply(ctx)
	return plan.Steps(), err
}

// made makes a cluster.
func (w *world) made(t *testing.T, want Want) {
	t.Helper()
	_, err := w.make(t, t.Context(), want)
	require.NoError(t, err)
}

func (w *world) steps(t *testing.T, want Want) []string {
	t.Helper()
	found, err := w.cloud.Observe(t.Context(), want)
	require.NoError(t, err)
	plan, err := found.Plan(want)
	require.NoError(t, err)
	return plan.Steps()
}

func number(n int) *int { return &n }
