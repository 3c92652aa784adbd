package metalstackcloud

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

func TestWhatCannotBeChangedIsRefusedAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 20 * time.Millisecond})
	w.made(t, Want{Name: "initial", Version: "1.34.6"})
	for _, c := range []struct {
		want Want
		text string
	}{
		{Want{Partition: "eqx-mu5", Version: "1.33.9", Workers: []WantWorker{{Name: "other", MachineType: "n9"}}},
			"cluster initial: refusing to change partition from eqx-mu4 to eqx-mu5 (it is fixed); kubernetes_version from 1.34.6 to 1.33.9 (a cluster never goes back to an " +
				"earlier minor); workers without group-0 (name what may go in remove_workers); workers: machine type n9 of other is not offered; choose of c1-large-x86, " +
				"n1-medium-x86; take these values back, or delete the cluster and create it anew"},
		{Want{Version: "1.36"}, "cluster initial: refusing to change kubernetes_version from 1.34.6 to 1.36 (no minor may be left out, 1.35 comes first); " +
			"take these values back, or delete the cluster and create it anew"},
		{Want{Remove: []string{"group-0"}}, "cluster initial: refusing to change workers to none (a cluster has at least one group); " +
			"take these values back, or delete the cluster and create it anew"},
		{Want{Version: "1.35.5"}, "change cluster initial: kubernetes_version: 1.35.5 is not offered; choose of 1.34.6, 1.34.8, 1.35.4, 1.35.7, 1.36.3"},
	} {
		c.want.Name = "initial"
		_, err := w.make(t, t.Context(), c.want)
		assert.EqualError(t, err, c.text)
	}
	assert.Empty(t, w.Calls("ClusterService/Update"))
	assert.Equal(t, []string{"change cluster initial: kubernetes_version from 1.34.6 to 1.34.8", ready}, w.steps(t, Want{Name: "initial", Version: "1.34.8"}))
}

func TestWhatIsNotOfferedIsToldAllAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	for _, c := range []struct {
		want Want
		text string
	}{
		{Want{Version: "1.33.9", Workers: []WantWorker{{Name: "a", MachineType: "n9"}}}, "create cluster initial: kubernetes_version: 1.33.9 is not offered; " +
			"choose of 1.34.6, 1.34.8, 1.35.4, 1.35.7, 1.36.3; workers: machine type n9 of a is not offered; choose of c1-large-x86, n1-medium-x86"},
		{Want{Partition: "eqx-mu1"}, "create cluster initial: partition: eqx-mu1 is not offered; choose of eqx-mu4, eqx-mu5"},
	} {
		c.want.Name = "initial"
		_, err := w.make(t, t.Context(), c.want)
		assert.EqualError(t, err, c.text)
	}
	assert.Empty(t, w.Calls("ClusterService/Create"))
}

func TestTwoOfANameAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	size := 1
	message := metalstackcloudtest.CreateMessage{Name: "initial", Project: project, Partition: "eqx-mu4", Kubernetes: &metalstackcloudtest.KubernetesMessage{Version: "1.35.7"},
		Workers: []metalstackcloudtest.WorkerMessage{{Name: "group-0", Minsize: &size, Maxsize: &size}}}
	first, err := w.Add(message)
	require.NoError(t, err)
	second, err := w.Add(message)
	require.NoError(t, err)
	for _, want := range []Want{{Name: "initial"}, {Name: "initial", Absent: true}} {
		_, err = w.make(t, t.Context(), want)
		assert.EqualError(t, err, "find cluster initial: project "+project+" has 2 of that name, "+min(first, second)+", "+max(first, second)+
			"; delete in the console those that are too many")
	}
	w.Hold(0.5)
	require.NoError(t, w.cloud.delete(t.Context(), &cluster{UUID: first}))
	found, err := w.cloud.Observe(t.Context(), Want{Name: "initial"})
	require.NoError(t, err)
	assert.Equal(t, second, found.ID(), "one that is being deleted does not count beside a living one")
	w.Release()
}

func TestProblemsOfAWantedClusterAreFoundAllAtOnce(t *testing.T) {
	t.Parallel()
	want := Want{Name: "Initial_cluster", Version: "v1.33", Remove: []string{"a-b"}, Maintenance: WantMaintenance{Duration: 4 * time.Hour}, Workers: []WantWorker{
		{Name: "a-b", MinSize: number(33), MaxSize: number(65)}, {Name: "a-b", MinSize: number(3), MaxSize: number(2)}, {Name: "x", MaxSurge: number(0), MaxUnavailable: number(0)}}}
	assert.Equal(t, []string{
		`name: "Initial_cluster" is no name of a cluster; it has 2 to 12 of a-z, 0-9 and -, and begins with a letter`,
		`kubernetes_version: "v1.33" is no version; give one as 1.33.2, or a minor as 1.33 for its newest`,
		"workers: min_size of a-b is 33; 0 to 32 is possible",
		"workers: max_size of a-b is 65; 0 to 64 is possible",
		"remove_workers: a-b is in workers, too",
		"workers: min_size of a-b is 3, which is above its max_size 2",
		"workers: a-b is there twice",
		"remove_workers: a-b is in workers, too",
		`workers: "x" is no name of a group; it has at least 2 of a-z, 0-9 and -, and begins with a letter`,
		"workers: max_surge and max_unavailable of x are both 0; then no machine could ever be replaced",
		"maintenance: duration is 4h0m0s; it lasts at least 1 hour, and less than 4",
	}, want.Problems())
	assert.Equal(t, []string{"workers: at least one group is wanted"}, Want{Name: "initial", Workers: []WantWorker{}}.Problems())
}

func TestTheTokenTellsWhereAndForWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	const other = "11111111-2222-3333-4444-555555555555"
	open := func(a Access) (string, error) {
		a.Pace = pace
		c, err := Open(t.Context(), a)
		if err != nil {
			return "", err
		}
		return c.Project(), nil
	}
	token := func(life time.Duration, grants ...metalstackcloudtest.Grant) string {
		made, err := w.Token(life, grants...)
		require.NoError(t, err)
		return made
	}
	found, err := open(Access{Token: " " + token(time.Hour, metalstackcloudtest.Grant{Project: project, Methods: []string{"ClusterService/List"}}) + "\n"})
	require.NoError(t, err)
	assert.Equal(t, project, found)

	_, err = open(Access{Token: token(time.Hour, metalstackcloudtest.Grant{Project: project, Role: "owner"}, metalstackcloudtest.Grant{Project: other, Role: "viewer"})})
	assert.EqualError(t, err, "find the token's project: the token is for 2, "+other+", "+project+"; name one of them as project")
	_, err = open(Access{Token: token(time.Hour)})
	assert.EqualError(t, err, "find the token's project: the token is for none; make one that is for the project, or name the project")
	_, err = open(Access{Token: "ya29.secret"})
	assert.EqualError(t, err, "read the token: it is none of metalstack.cloud's; copy it anew from the console, under Access Tokens")
	_, err = open(Access{Token: token(-time.Hour, metalstackcloudtest.Grant{Project: project, Role: "owner"})})
	require.Error(t, err)
	assert.Regexp(t, `^find the token's project: metalstack.cloud does not accept the token \(invalid token: token has invalid claims: token is expired\); `+
		`it expired at 20..-..-..T..:..:..Z, make a new one in the console, under Access Tokens$`, err.Error())
	require.NoError(t, w.Revoke())
	_, err = open(Access{Token: w.token})
	assert.EqualError(t, err, "find the token's project: metalstack.cloud does not accept the token (invalid token: it was revoked); "+
		"make a new one in the console, under Access Tokens, and check that it is of "+w.cloud.Host())
}

func TestAKubeconfigWithoutAccessFromOutsideIsNone(t *testing.T) {
	t.Parallel()
	const lacks = "the kubeconfig has no entries for access from outside (with a name that ends in external) that hold certificates"
	for content, want := range map[string]string{
		"":  lacks,
		"{": "what came is no kubeconfig",
		"clusters: [{name: a-internal, cluster: {server: 'https://a'}}]":                                    lacks,
		"clusters: [{name: a-external, cluster: {server: 'https://a', certificate-authority-data: '***'}}]": lacks,
	} {
		_, err := external(content)
		assert.EqualError(t, err, want, content)
	}
}
