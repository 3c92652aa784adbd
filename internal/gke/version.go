package gke

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// Versions as GKE has them: 1.36.3-gke.1234000. An alias (1.36, 1.36.3, latest) names the newest that begins with it.
// https://cloud.google.com/kubernetes-engine/versioning#specifying_cluster_version

func matches(version, alias string) bool {
	rest, ok := strings.CutPrefix(version, alias)
	return alias == "latest" || alias == "-" || ok && (rest == "" || rest[0] == '.' || rest[0] == '-')
}

// newest is the newest version that an alias names, or empty. GKE lists the newest first; this does not rely on it.
func newest(versions []string, alias string) string {
	found := ""
	for _, v := range versions {
		if matches(v, alias) && (found == "" || older(found, v)) {
			found = v
		}
	}
	return found
}

func older(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) < 0 }

func numbers(version string) []int {
	var all []int
	for _, part := range strings.FieldsFunc(version, func(r rune) bool { return r == '.' || r == '-' }) {
		if n, err := strconv.Atoi(part); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// minor is the second number of a version.
func minor(version string) int {
	if n := numbers(version); len(n) > 1 {
		return n[1]
	}
	return 0
}

// offer is what a location offers in a channel; without a channel, all of it.
type offer struct {
	location, channel string
	versions          []string
	standard          string // the default
}

func offerOf(config *containerpb.ServerConfig, location, channel string) offer {
	for _, c := range config.GetChannels() {
		if c.Channel.String() == channel && channel != noChannel {
			return offer{location, channel, c.ValidVersions, c.DefaultVersion}
		}
	}
	return offer{location, "", config.GetValidMasterVersions(), config.GetDefaultClusterVersion()}
}

const noChannel = "UNSPECIFIED"

// choose is the version for a new cluster. Without a channel nothing wanted means the newest, as metal-stack's role takes it.
func (o offer) choose(wanted string) (string, error) {
	found := newest(o.versions, or(wanted, "latest"))
	switch {
	case wanted == "-", wanted == "" && o.channel != "":
		found = o.standard
	case wanted == "" && len(o.versions) > 0:
		found = o.versions[0]
	}
	if found == "" {
		return "", o.lacks(wanted)
	}
	return found, nil
}

func (o offer) lacks(wanted string) error {
	where := o.location
	if o.channel != "" {
		where += " in the release channel " + o.channel
	}
	return fmt.Errorf("kubernetes_version %s is not offered in %s; it offers %s", wanted, where, strings.Join(o.versions, ", "))
}

// channelsWith are the channels that offer a version.
func channelsWith(config *containerpb.ServerConfig, version string) []string {
	var names []string
	for _, c := range config.GetChannels() {
		if slices.Contains(c.ValidVersions, version) {
			names = append(names, c.Channel.String())
		}
	}
	slices.Sort(names)
	return names
}
