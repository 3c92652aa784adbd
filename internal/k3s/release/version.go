package release

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

// Version is that of a release.
type Version = cluster.Version

var saidVersion = regexp.MustCompile(`^k3s version (\S+) \([0-9a-f]+\)`)

// ReadVersion takes the version from what "k3s --version" says.
func ReadVersion(said string) (Version, error) {
	parts := saidVersion.FindStringSubmatch(said)
	if parts == nil {
		line, _, _ := strings.Cut(said, "\n")
		return Version{}, fmt.Errorf("k3s --version says %q, which is no version of k3s", line)
	}
	return cluster.ParseVersion(parts[1])
}
