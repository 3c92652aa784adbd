package cluster

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func members(voters string, learners ...string) Members {
	var all Members
	for i, name := range append(strings.Fields(voters), learners...) {
		all = append(all, Member{ID: uint64(i + 1), Name: name + "-0123abcd", PeerURLs: []string{"https://10.0.0.1:2380"}, Learner: i >= len(strings.Fields(voters))})
	}
	return all
}

func TestAServerMayBeAwayIfAMajorityServesWithoutIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		members Members
		wish    Wish
		sick    string
		why     string // empty is that it may
	}{
		"one of three":                         {members("a b c"), Wish{Node: "a", Purpose: Restart}, "", ""},
		"one of three, another is down":        {members("a b c"), Wish{Node: "a", Purpose: Restart}, "b", "2 of the other servers must serve, and 1 do; not b (down)"},
		"one of five, another is down":         {members("a b c d e"), Wish{Node: "a", Purpose: Stop}, "b", ""},
		"one of five, two are down":            {members("a b c d e"), Wish{Node: "a", Purpose: Stop}, "b c", "3 of the other servers must serve, and 2 do; not b (down), c (down)"},
		"one of four":                          {members("a b c d"), Wish{Node: "a", Purpose: Restart}, "", ""},
		"one of four, another is down":         {members("a b c d"), Wish{Node: "a", Purpose: Restart}, "b", "3 of the other servers must serve, and 2 do; not b (down)"},
		"one of two":                           {members("a b"), Wish{Node: "a", Purpose: Restart}, "", "refusing to restart a: of two servers (a, b) neither may be away, or the cluster stops; add a third, or agree to the outage"},
		"one of two, agreed to":                {members("a b"), Wish{Node: "a", Purpose: Restart, Outage: true}, "", ""},
		"one of two goes for good":             {members("a b"), Wish{Node: "a", Purpose: Remove}, "", ""},
		"one of two goes, the other is down":   {members("a b"), Wish{Node: "a", Purpose: Remove}, "b", "1 of the other servers must serve, and 0 do; not b (down)"},
		"a dead one of three goes":             {members("a b c"), Wish{Node: "a", Purpose: Remove}, "", ""},
		"one of three goes, another is down":   {members("a b c"), Wish{Node: "a", Purpose: Remove}, "b", "2 of the other servers must serve, and 1 do; not b (down)"},
		"another joins":                        {members("a b c", "d"), Wish{Node: "a", Purpose: Restart}, "", "d joins and is no voter yet"},
		"it joins itself, and others are down": {members("a b", "d"), Wish{Node: "d", Purpose: Restart}, "a", ""},
		"it is no member":                      {members("a b c"), Wish{Node: "x", Purpose: Restart}, "a", ""},
		"the only one is stopped":              {members("a"), Wish{Node: "a", Purpose: Stop}, "", ""},
		"the only one is removed":              {members("a"), Wish{Node: "a", Purpose: Remove}, "", "refusing to remove a: it is the only server, and the cluster would be gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why, err := c.members.refusal(c.wish)
			if why == "" && err == nil {
				sick := map[string]error{}
				for _, node := range strings.Fields(c.sick) {
					sick[node] = errors.New("down")
				}
				others := len(c.members.Voters())
				if own, found := c.members.Of(c.wish.Node); found && !own.Learner {
					others--
				}
				why = unfit(sick, others, c.members.needed(c.wish))
			}
			if err != nil {
				why = err.Error()
			}
			assert.Equal(t, c.why, why)
		})
	}
}

func TestTheNameOfAMemberHoldsItsNodes(t *testing.T) {
	t.Parallel()
	m := Member{Name: "rack-1-node-2-89abcdef", ClientURLs: []string{"https://[fd00::1]:2379"}}
	assert.Equal(t, "rack-1-node-2", m.Node())
	assert.Equal(t, "fd00::1", m.Address())
	c := Cluster{supervisor: &supervisor{url: "https://10.0.0.1:7443"}}
	assert.Equal(t, "https://[fd00::1]:7443", c.server(m))
	assert.Equal(t, "10.0.0.7", Member{PeerURLs: []string{"https://10.0.0.7:2380"}}.String(), "one that was added and never started")
}

func TestUpgradePaths(t *testing.T) {
	t.Parallel()
	for path, why := range map[string]string{
		"v1.35.4+k3s1 v1.35.4+k3s1":     "",
		"v1.35.4+k3s1 v1.35.4+k3s2":     "",
		"v1.35.4+k3s1 v1.36.0-rc1+k3s1": "",
		"v1.36.0-rc1+k3s1 v1.36.0+k3s1": "",
		"v1.35.4+k3s1 v1.35.10+k3s1":    "",
		"v1.36.0+k3s1 v1.36.0-rc2+k3s1": "refusing to go from v1.36.0+k3s1 to v1.36.0-rc2+k3s1: that is a downgrade, and etcd's data may not be readable by it; restore the snapshot of before instead (playbook rollback)",
		"v1.35.4+k3s2 v1.35.4+k3s1":     "refusing to go from v1.35.4+k3s2 to v1.35.4+k3s1: that is a downgrade, and etcd's data may not be readable by it; restore the snapshot of before instead (playbook rollback)",
		"v1.34.9+k3s1 v1.36.3+k3s1":     "refusing to go from v1.34.9+k3s1 to v1.36.3+k3s1: minors must not be skipped; upgrade to v1.35 first",
		"v1.33.7+k3s1 v1.34.2+k3s1":     "refusing to go from v1.33.7+k3s1 to v1.34.2+k3s1: it brings etcd 3.6, which is safe from etcd 3.5.26 on; upgrade all servers to v1.33.8 or later first",
		"v1.33.8+k3s1 v1.34.2+k3s1":     "",
		"v1.33.7+k3s1 v1.33.8+k3s1":     "",
	} {
		a, b, _ := strings.Cut(path, " ")
		from, err := ParseVersion(a)
		require.NoError(t, err)
		to, err := ParseVersion(b)
		require.NoError(t, err)
		said := ""
		if err := errors.Join(CheckUpgrade(from, to), CheckEtcd(from, to)); err != nil {
			said = err.Error()
		}
		assert.Equal(t, why, said, path)
	}
	for path, first := range map[string]string{ // also where a minor may be left out
		"v1.30.14+k3s2 v1.34.2+k3s1": "v1.33.8", "v1.31.14+k3s1 v1.34.2+k3s1": "v1.33.8", "v1.32.11+k3s1 v1.35.4+k3s1": "v1.32.12", "v1.33.8-rc1+k3s1 v1.34.2+k3s1": "",
		"v1.32.12+k3s1 v1.34.2+k3s1": "", "v1.30.2+k3s1 v1.33.7+k3s1": "", "v1.34.0+k3s1 v1.35.4+k3s1": "",
	} {
		a, b, _ := strings.Cut(path, " ")
		from, err := ParseVersion(a)
		require.NoError(t, err)
		to, err := ParseVersion(b)
		require.NoError(t, err)
		if err = CheckEtcd(from, to); first == "" {
			assert.NoError(t, err, path)
		} else {
			assert.EqualError(t, err, "refusing to go from "+a+" to "+b+": it brings etcd 3.6, which is safe from etcd 3.5.26 on; upgrade all servers to "+first+" or later first")
		}
	}
	_, err := ParseVersion("1.36")
	assert.EqualError(t, err, `"1.36" is no version of k3s, as v1.36.3+k3s1 is`)
}

func TestAClusterKeepsItsNetworksAndItsEncryption(t *testing.T) {
	t.Parallel()
	runs := Wanted(map[string]any{"secrets-encryption": true, "disable": []any{"traefik"}})
	assert.NoError(t, Wanted(map[string]any{"secrets-encryption": "true", "disable": "servicelb", "flannel-backend": "host-gw"}).CheckChange(runs))
	assert.EqualError(t, Wanted(map[string]any{"service-cidr": "10.44.0.0/16"}).CheckChange(runs),
		"refusing to change what a cluster keeps for its life: cluster-dns is 10.44.0.10 here and 10.43.0.10 there, secrets-encryption is false here and true there, "+
			"service-cidr is 10.44.0.0/16 here and 10.43.0.0/16 there; give the value that is there")
}

func TestGoingBackByTheBinaryIsWithinAMinor(t *testing.T) {
	t.Parallel()
	for path, why := range map[string]string{
		"v1.35.6+k3s1 v1.35.4+k3s1": "",
		"v1.35.6+k3s2 v1.35.6+k3s1": "",
		"v1.36.3+k3s1 v1.35.6+k3s1": "refusing to go back from v1.36.3+k3s1 to v1.35.6+k3s1 by the binary alone: of another minor it may not read etcd's data; name the snapshot of before",
		"v1.35.4+k3s1 v1.35.6+k3s1": "refusing to go back from v1.35.4+k3s1 to v1.35.6+k3s1: that is newer; upgrade to it (playbook upgrade)",
	} {
		a, b, _ := strings.Cut(path, " ")
		from, err := ParseVersion(a)
		require.NoError(t, err)
		to, err := ParseVersion(b)
		require.NoError(t, err)
		said := ""
		if err := CheckRollback(from, to); err != nil {
			said = err.Error()
		}
		assert.Equal(t, why, said, path)
	}
}

func TestReleasesBesideEachOther(t *testing.T) {
	t.Parallel()
	nodes := []Node{{Name: "s1", Server: true, Version: "v1.35.4+k3s1"}, {Name: "s2", Server: true, Version: "v1.34.4+k3s1"}, {Name: "a1", Version: "v1.32.4+k3s1"}}
	for wish, why := range map[string]string{
		"s1 v1.35.6+k3s1": "",
		"s1 v1.36.3+k3s1": "refusing v1.36.3+k3s1 on s1: server s2 has v1.34.4+k3s1, and servers may be one minor apart; upgrade that one first",
		"a1 v1.34.4+k3s1": "",
		"a1 v1.35.4+k3s1": "refusing v1.35.4+k3s1 on a1: server s2 has v1.34.4+k3s1, and no agent may be newer than a server; upgrade the servers first",
		"s2 v1.36.0+k3s1": "refusing v1.36.0+k3s1 on s2: agent a1 has v1.32.4+k3s1, and agents may be 3 minors older; upgrade that one first",
	} {
		name, version, _ := strings.Cut(wish, " ")
		to, err := ParseVersion(version)
		require.NoError(t, err)
		said := ""
		if err := CheckFleet(nodes, name, strings.HasPrefix(name, "s"), to); err != nil {
			said = err.Error()
		}
		assert.Equal(t, why, said, wish)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("ab", 32)
	for text, want := range map[string]Token{
		"secret":                         {Password: "secret"},
		" secret\n":                      {Password: "secret"},
		"K10" + hash + "::server:se:cre": {hash, "server", "se:cre"},
		"K10" + hash + "::abcdef.0123456789abcdef": {Hash: hash, Password: "abcdef.0123456789abcdef"},
	} {
		token, err := ParseToken(text)
		require.NoError(t, err)
		assert.Equal(t, want, token)
	}
	for text, want := range map[string]string{
		"":                   "the token is empty",
		"K10ab::server:x":    "the token begins as a full one, with K10, but no SHA-256 and :: follow; take it from a server's server/token",
		"K10" + hash + "::x": "the token has a hash, but no user and password behind it; take it from a server's server/token",
	} {
		_, err := ParseToken(text)
		assert.EqualError(t, err, want)
	}
}

func TestALeaseIsOverWhenItWasSeenUnchangedOrEndedLongAgo(t *testing.T) {
	t.Parallel()
	l := newLease("s1", time.Hour)
	l.Metadata.ResourceVersion = "7"
	o := observation{}
	assert.False(t, o.over(l))
	o.since = time.Now().Add(-61 * time.Minute)
	assert.True(t, o.over(l))
	l.Metadata.ResourceVersion = "8"
	assert.False(t, o.over(l), "it was renewed")
	l.Spec.Renewed = time.Now().Add(-time.Hour - skew - time.Second).UTC().Format(time.RFC3339)
	assert.True(t, o.over(l))
	l.Spec.Renewed = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	assert.False(t, o.over(l), "a clock that is ahead")
}

func TestSnapshotsAreRead(t *testing.T) {
	t.Parallel()
	found, err := parseSnapshots([]byte(`{"items":[
		{"spec":{"snapshotName":"a","nodeName":"s1","location":"file:///a"},"status":{"size":"4096Ki","creationTime":"2026-01-02T03:04:05Z","readyToUse":true}},
		{"spec":{"snapshotName":"b"},"status":{"size":512}},
		{"spec":{"snapshotName":"c"},"status":{"size":"0","readyToUse":false}}]}`))
	require.NoError(t, err)
	require.Len(t, found, 2)
	assert.Equal(t, Snapshot{"a", "file:///a", "s1", 4 << 20, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, found[0])
	assert.Equal(t, int64(512), found[1].Bytes)
	_, err = parseSnapshots([]byte(`{"items":[{"spec":{"snapshotName":"a"},"status":{"size":"big"}}]}`))
	assert.EqualError(t, err, `snapshot a: "big" is no size`)
}

func TestSettingsThatMustBeTheSame(t *testing.T) {
	t.Parallel()
	defaults := Wanted(nil)
	assert.Equal(t, "10.43.0.10", defaults["cluster-dns"])
	dual := Wanted(map[string]any{"service-cidr": "10.96.0.0/12,fd00::/112", "disable": []any{"servicelb"}, "secrets-encryption": true})
	assert.Equal(t, "10.96.0.10,fd00::a", dual["cluster-dns"])
	assert.Equal(t, "cluster-dns is 10.96.0.10,fd00::a here and 10.43.0.10 there, disable=servicelb is true here and false there, "+
		"secrets-encryption is true here and false there, service-cidr is 10.96.0.0/12,fd00::/112 here and 10.43.0.0/16 there", list(dual.Differences(defaults)))
	assert.Empty(t, defaults.Differences(Settings{}), "an older release tells nothing of some")
}
