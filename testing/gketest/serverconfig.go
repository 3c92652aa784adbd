package gketest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
)

// offered are the versions, the newest first. Their minors are those that the Kubernetes behind the clusters can be.
var offered = []string{
	"1.36.3-gke.1234000", "1.36.3-gke.1100000", "1.36.1-gke.1500000",
	"1.35.7-gke.1450000", "1.35.7-gke.1200000", "1.35.5-gke.1300000",
	"1.34.9-gke.1600000", "1.34.8-gke.1150000",
}

// region is a region: its zones, the range of its subnetwork in an auto mode network (https://cloud.google.com/vpc/docs/subnets), and
// how many of the newest versions have not arrived there: Google rolls out by region.
type region struct {
	zones string
	cidr  string
	lag   int
}

var regions = map[string]region{
	"europe-west3":  {"abc", "10.156.0.0/20", 0},
	"europe-west1":  {"bcd", "10.132.0.0/20", 1},
	"europe-north1": {"abc", "10.166.0.0/20", 0},
	"us-central1":   {"abcf", "10.128.0.0/20", 0},
	"us-east1":      {"bcd", "10.142.0.0/20", 2},
}

func isZone(location string) bool { return strings.Count(location, "-") == 2 }

func regionOf(location string) string {
	if isZone(location) {
		return location[:strings.LastIndex(location, "-")]
	}
	return location
}

// zones are those of a location: itself, or the first three of a region, where GKE puts nodes.
func zones(location string) []string {
	if isZone(location) {
		return []string{location}
	}
	var all []string
	for _, letter := range regions[location].zones {
		all = append(all, location+"-"+string(letter))
	}
	return all[:min(3, len(all))]
}

func checkLocation(location string) error {
	known, ok := regions[regionOf(location)]
	if ok && (!isZone(location) || strings.Contains(known.zones, location[strings.LastIndex(location, "-")+1:])) {
		return nil
	}
	return refuse(codes.InvalidArgument, "Location %q does not exist.", location)
}

// channel is what a release channel holds: its default is the first version that starts so, its versions those up to a minor.
type channel struct {
	name              containerpb.ReleaseChannel_Channel
	newest, defaultIs string
}

// channels, the most mature first. The extended one takes only clusters that ask for it.
var channels = []channel{
	{containerpb.ReleaseChannel_EXTENDED, "1.35.7", "1.35.7-gke.1200000"},
	{containerpb.ReleaseChannel_STABLE, "1.35.5", "1.34.9"},
	{containerpb.ReleaseChannel_REGULAR, "1.35.7", "1.35.7-gke.1200000"},
	{containerpb.ReleaseChannel_RAPID, "1.36", "1.36.1"},
}

var regular = channels[2]

func (c channel) versions(location string) []string {
	all := versions(location)
	first := slices.IndexFunc(all, func(v string) bool { return hasPrefix(v, c.newest) })
	return all[max(0, first):]
}

func (c channel) defaultVersion(location string) string {
	return newest(c.versions(location), c.defaultIs)
}

func versions(location string) []string { return offered[regions[regionOf(location)].lag:] }

// newest is the newest of the versions with the prefix, or empty.
func newest(of []string, prefix string) string {
	at := slices.IndexFunc(of, func(v string) bool { return hasPrefix(v, prefix) })
	if at < 0 {
		return ""
	}
	return of[at]
}

// hasPrefix tells whether a version is what an alias (1.36, 1.36.3, latest) or a version names.
func hasPrefix(version, alias string) bool {
	rest, ok := strings.CutPrefix(version, alias)
	return alias == "latest" || ok && (rest == "" || rest[0] == '.' || rest[0] == '-')
}

// GetServerConfig tells what a location offers.
func (s *Server) GetServerConfig(_ context.Context, r *containerpb.GetServerConfigRequest) (*containerpb.ServerConfig, error) {
	_, location, _ := place(r.Name)
	if err := checkLocation(location); err != nil {
		return nil, err
	}
	all := versions(location)
	config := &containerpb.ServerConfig{
		DefaultClusterVersion: regular.defaultVersion(location),
		ValidMasterVersions:   all,
		ValidNodeVersions:     append(slices.Clone(all), "1.33.12-gke.1400000"),
		DefaultImageType:      "COS_CONTAINERD",
		ValidImageTypes:       imageTypes,
	}
	for _, c := range slices.Backward(channels) {
		config.Channels = append(config.Channels, &containerpb.ServerConfig_ReleaseChannelConfig{
			Channel: c.name, DefaultVersion: c.defaultVersion(location), ValidVersions: c.versions(location), UpgradeTargetVersion: c.defaultVersion(location),
		})
	}
	return config, nil
}

// chooseVersion is the version and the channel a new cluster gets. https://cloud.google.com/kubernetes-engine/docs/concepts/release-channels:
// a version without a channel enrols in the most mature channel that has it.
func chooseVersion(location, wanted string, in *containerpb.ReleaseChannel) (string, containerpb.ReleaseChannel_Channel, error) {
	if wanted == "-" {
		wanted = ""
	}
	if in == nil && wanted == "" {
		return regular.defaultVersion(location), regular.name, nil
	}
	for _, c := range channels {
		if in == nil && c.name == containerpb.ReleaseChannel_EXTENDED || in != nil && c.name != in.Channel {
			continue
		}
		if wanted == "" {
			return c.defaultVersion(location), c.name, nil
		}
		if found := newest(c.versions(location), wanted); found != "" {
			return found, c.name, nil
		}
	}
	if in != nil && in.Channel == containerpb.ReleaseChannel_UNSPECIFIED {
		if wanted == "" {
			return regular.defaultVersion(location), in.Channel, nil
		}
		if found := newest(versions(location), wanted); found != "" {
			return found, in.Channel, nil
		}
	}
	return "", 0, badVersion(location, wanted, in)
}

func badVersion(location, wanted string, in *containerpb.ReleaseChannel) error {
	if in != nil && newest(versions(location), wanted) != "" {
		return refuse(codes.InvalidArgument, "Master version %q is not available in the %s channel.", wanted, in.Channel)
	}
	if strings.Contains(wanted, "-gke.") {
		return refuse(codes.InvalidArgument, "Master version %q is unsupported.", wanted)
	}
	return refuse(codes.InvalidArgument, "No valid versions with the prefix %q found.", wanted)
}

// numbers are major, minor, patch and build of a version, for comparing.
func numbers(version string) []int {
	var all []int
	for _, part := range strings.FieldsFunc(version, func(r rune) bool { return r == '.' || r == '-' }) {
		if n, err := strconv.Atoi(part); err == nil {
			all = append(all, n)
		}
	}
	return all
}

func older(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) < 0 }

// minor is the second number of a version.
func minor(version string) int {
	if n := numbers(version); len(n) > 1 {
		return n[1]
	}
	return 0
}

// ListUsableSubnetworks tells the subnetworks of a project's networks, one a region.
func (s *Server) ListUsableSubnetworks(_ context.Context, r *containerpb.ListUsableSubnetworksRequest) (*containerpb.ListUsableSubnetworksResponse, error) {
	project, _, _ := place(r.Parent)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	answer := &containerpb.ListUsableSubnetworksResponse{}
	for _, network := range s.networksOf(project) {
		for _, name := range slices.Sorted(maps.Keys(regions)) {
			answer.Subnetworks = append(answer.Subnetworks, &containerpb.UsableSubnetwork{
				Subnetwork: fmt.Sprintf("projects/%s/regions/%s/subnetworks/%s", project, name, network),
				Network:    fmt.Sprintf("projects/%s/global/networks/%s", project, network), IpCidrRange: regions[name].cidr,
				SecondaryIpRanges: s.secondaryRanges(project, name, network),
			})
		}
	}
	return answer, nil
}

// secondaryRanges are the pod ranges of the clusters in a subnetwork.
func (s *Server) secondaryRanges(project, region, network string) []*containerpb.UsableSubnetworkSecondaryRange {
	var all []*containerpb.UsableSubnetworkSecondaryRange
	for _, name := range slices.Sorted(maps.Keys(s.state.clusters)) {
		c := s.state.clusters[name]
		if c.project == project && regionOf(c.Location) == region && c.Network == network {
			all = append(all, &containerpb.UsableSubnetworkSecondaryRange{
				RangeName:   c.IpAllocationPolicy.ClusterSecondaryRangeName,
				IpCidrRange: c.IpAllocationPolicy.ClusterIpv4CidrBlock, Status: containerpb.UsableSubnetworkSecondaryRange_IN_USE_MANAGED_POD,
			})
		}
	}
	return all
}

func (s *Server) networksOf(project string) []string {
	if networks, ok := s.state.networks[project]; ok {
		return networks
	}
	return []string{"default"}
}

// SetNetworks gives a project networks in place of the one named default, which a new project has.
func (s *Server) SetNetworks(project string, names ...string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.state.networks[project] = names
	return s.save()
}
