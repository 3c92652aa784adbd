package metalstackcloud

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// versionForm is a version of Kubernetes, or its minor alone. The API takes at most eight bytes.
var versionForm = regexp.MustCompile(`^[0-9]+\.[0-9]+(\.[0-9]+)?$`)

// VersionProblem is what is wrong with a wanted version, or empty.
func VersionProblem(text string) string {
	if versionForm.MatchString(text) && len(text) <= 8 {
		return ""
	}
	return fmt.Sprintf("%q is no version; give one as 1.33.2, or a minor as 1.33 for its newest", text)
}

// version is a version of Kubernetes; the patch of a minor alone is -1.
type version [3]int

func parseVersion(text string) version {
	v := version{0, 0, -1}
	for i, part := range strings.SplitN(text, ".", 3) {
		number, err := strconv.Atoi(part)
		if err != nil {
			return version{} // older than any that is offered
		}
		v[i] = number
	}
	return v
}

func (v version) isMinor() bool { return v[2] < 0 }

func (v version) minor() version { return version{v[0], v[1], -1} }

func (v version) compare(o version) int { return slices.Compare(v[:], o[:]) }

// satisfies tells that a cluster of this version is what is wanted: metalstack.cloud moves patches upward by itself.
func (v version) satisfies(want version) bool {
	return v.minor() == want.minor() && cmp.Compare(v[2], want[2]) >= 0
}

func (v version) String() string {
	text := fmt.Sprintf("%d.%d", v[0], v[1])
	if v.isMinor() {
		return text
	}
	return fmt.Sprintf("%s.%d", text, v[2])
}

// upgradeProblem is why a cluster of this version cannot become the wanted one, or empty.
func (v version) upgradeProblem(want version) string {
	switch {
	case want.minor().compare(v.minor()) < 0:
		return "a cluster never goes back to an earlier minor"
	case want[0] != v[0] || want[1] > v[1]+1:
		next := version{v[0], v[1] + 1, -1}
		return fmt.Sprintf("no minor may be left out, %s comes first", next)
	}
	return ""
}
