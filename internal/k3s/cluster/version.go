package cluster

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
)

// Version is that of a k3s release: v1.36.3+k3s1, or v1.36.3-rc1+k3s1 for a candidate.
type Version struct {
	Major, Minor, Patch, K3s int
	Candidate                int // of a release; 0 is the release itself
	text                     string
}

var versionForm = regexp.MustCompile(`^v(\d+)\.(\d+)\.(\d+)(?:-rc(\d+))?\+k3s(\d+)$`)

// ParseVersion reads a version.
func ParseVersion(text string) (Version, error) {
	found := versionForm.FindStringSubmatch(text)
	if found == nil {
		return Version{}, fmt.Errorf("%q is no version of k3s, as v1.36.3+k3s1 is", text)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(found[i]) // digits, or nothing
		return n
	}
	return Version{number(1), number(2), number(3), number(5), number(4), text}, nil
}

func (v Version) String() string { return v.text }

// Compare is negative for an older one, positive for a newer one.
func (v Version) Compare(other Version) int {
	candidate := func(v Version) int { return cmp.Or(v.Candidate, 1<<30) }
	return cmp.Or(cmp.Compare(v.Major, other.Major), cmp.Compare(v.Minor, other.Minor), cmp.Compare(v.Patch, other.Patch),
		cmp.Compare(candidate(v), candidate(other)), cmp.Compare(v.K3s, other.K3s))
}

// firstWithSafeEtcd are the first patches of minors with etcd 3.5.26. All before them, and all older minors, have an etcd that can turn a
// member into a zombie when it meets etcd 3.6, which k3s has from 1.34 on (github.com/k3s-io/k3s issue 13485).
var firstWithSafeEtcd = map[int]int{32: 12, 33: 8}

// CheckRollback tells why a node must not go back from one release to another by the binary alone. Etcd's data are of one kind within a minor.
func CheckRollback(from, to Version) error {
	switch {
	case to.Compare(from) > 0:
		return fmt.Errorf("refusing to go back from %s to %s: that is newer; upgrade to it (playbook upgrade)", from, to)
	case to.Major != from.Major || to.Minor != from.Minor:
		return fmt.Errorf("refusing to go back from %s to %s by the binary alone: of another minor it may not read etcd's data; name the snapshot of before", from, to)
	}
	return nil
}

// maxKubeletLag is how many minors kubelets may be older than the API (kubernetes.io/releases/version-skew-policy).
const maxKubeletLag = 3

// CheckUpgrade tells why a node must not go from one release to another.
func CheckUpgrade(from, to Version) error {
	switch {
	case to.Compare(from) < 0:
		return fmt.Errorf("refusing to go from %s to %s: that is a downgrade, and etcd's data may not be readable by it; restore the snapshot of before instead (playbook rollback)", from, to)
	case to.Major != from.Major || to.Minor > from.Minor+1:
		return fmt.Errorf("refusing to go from %s to %s: minors must not be skipped; upgrade to v%d.%d first", from, to, from.Major, from.Minor+1)
	}
	return nil
}

// CheckEtcd tells why a server with etcd must not go from one release to another, beside CheckUpgrade.
func CheckEtcd(from, to Version) error {
	if from.Major != 1 || from.Minor >= 34 || to.Minor < 34 {
		return nil
	}
	minor, first := from.Minor, firstWithSafeEtcd[from.Minor]
	switch {
	case first == 0:
		minor, first = 33, firstWithSafeEtcd[33]
	case from.Patch >= first:
		return nil
	}
	return fmt.Errorf("refusing to go from %s to %s: it brings etcd 3.6, which is safe from etcd 3.5.26 on; upgrade all servers to v1.%d.%d or later first", from, to, minor, first)
}

// CheckFleet tells why a node must not have a release beside what the other nodes of the cluster have: servers must be within one minor of
// each other, no kubelet may be newer than a server, and none more than three minors older.
func CheckFleet(nodes []Node, name string, server bool, to Version) error {
	for _, other := range nodes {
		have, err := ParseVersion(other.Version)
		if other.Name == name || err != nil {
			continue
		}
		switch {
		case server && other.Server && (to.Minor-have.Minor > 1 || have.Minor-to.Minor > 1):
			return fmt.Errorf("refusing %s on %s: server %s has %s, and servers may be one minor apart; upgrade that one first", to, name, other.Name, have)
		case server && !other.Server && to.Minor-have.Minor > maxKubeletLag:
			return fmt.Errorf("refusing %s on %s: agent %s has %s, and agents may be %d minors older; upgrade that one first", to, name, other.Name, have, maxKubeletLag)
		case !server && other.Server && to.Compare(have) > 0:
			return fmt.Errorf("refusing %s on %s: server %s has %s, and no agent may be newer than a server; upgrade the servers first", to, name, other.Name, have)
		}
	}
	return nil
}
