package release

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Version is that of a release of k3s: v1.35.6+k3s1.
type Version struct {
	Major, Minor, Patch int
	Pre                 string // rc1, for one; empty for a release proper
	K3s                 int    // the number behind +k3s
}

var versionForm = regexp.MustCompile(`^v(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:-([0-9A-Za-z.-]{1,32}))?\+k3s(\d{1,4})$`)

// ParseVersion reads a version.
func ParseVersion(text string) (Version, error) {
	parts := versionForm.FindStringSubmatch(text)
	if parts == nil {
		return Version{}, fmt.Errorf("%q is no version of k3s, as v1.35.6+k3s1 is", text)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(parts[i]) // digits, and few
		return n
	}
	return Version{Major: number(1), Minor: number(2), Patch: number(3), Pre: parts[4], K3s: number(5)}, nil
}

func (v Version) String() string {
	pre := ""
	if v.Pre != "" {
		pre = "-" + v.Pre
	}
	return fmt.Sprintf("v%d.%d.%d%s+k3s%d", v.Major, v.Minor, v.Patch, pre, v.K3s)
}

// Compare is -1 if v is older than the other, 1 if it is newer, 0 if they are the same.
func (v Version) Compare(other Version) int {
	return cmp.Or(cmp.Compare(v.Major, other.Major), cmp.Compare(v.Minor, other.Minor), cmp.Compare(v.Patch, other.Patch),
		comparePre(v.Pre, other.Pre), cmp.Compare(v.K3s, other.K3s))
}

// comparePre puts a candidate before the release proper, and rc9 before rc10.
func comparePre(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(b), len(a))
	}
	split := func(text string) (string, int) {
		word := strings.TrimRight(text, "0123456789")
		n, _ := strconv.Atoi(text[len(word):])
		return word, n
	}
	wordA, numberA := split(a)
	wordB, numberB := split(b)
	return cmp.Or(cmp.Compare(wordA, wordB), cmp.Compare(numberA, numberB))
}

var saidVersion = regexp.MustCompile(`^k3s version (\S+) \([0-9a-f]+\)`)

// ReadVersion takes the version from what "k3s --version" says.
func ReadVersion(said string) (Version, error) {
	parts := saidVersion.FindStringSubmatch(said)
	if parts == nil {
		line, _, _ := strings.Cut(said, "\n")
		return Version{}, fmt.Errorf("k3s --version says %q, which is no version of k3s", line)
	}
	return ParseVersion(parts[1])
}
