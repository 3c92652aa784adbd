package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/metal-stack/initial-cluster/internal/gke"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
	"github.com/metal-stack/initial-cluster/modules/internal/kubeconfig"
)

var (
	// https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters#Cluster.FIELDS.name
	nameForm     = regexp.MustCompile(`^[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?$`)
	locationForm = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+(-[a-z])?$`)
	versionForm  = regexp.MustCompile(`^(?:latest|-|\d+\.\d+(?:\.\d+(?:-gke\.\d+)?)?)$`)
	shortVersion = regexp.MustCompile(`^1\.\d$`)
	accountForm  = regexp.MustCompile(`^(?:default|[^@\s/]+@[^@\s/]+\.[^@\s/]+)$`)
	errNoTime    = errors.New("no time of day")
)

// https://cloud.google.com/compute/docs/labeling-resources#requirements. To compile classes of Unicode takes longer than all else at
// the start of the module: hence no regular expressions.
const labelLength = 63

func isLabelKey(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.In(first, unicode.Ll, unicode.Lo) && isLabelValue(text)
}

func isLabelValue(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.Ll, unicode.Lo, unicode.N) && r != '_' && r != '-' })
}

// problems are what is wrong with the options beyond their types, all of it, each named by its option.
func (in params) problems() []string {
	problems := in.Problems()
	if in.State == "present" {
		problems = append(problems, kubeconfig.Problems(in.KubeconfigUser, in.Params)...)
	}
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if in.Project != "" {
		if problem := auth.ProjectProblem(in.Project); problem != "" {
			complain("%s", problem)
		}
	}
	if !nameForm.MatchString(in.Name) {
		complain("name: %q (%d characters) is no name of a cluster; it has 1 to 40 of a-z, 0-9 and -, begins with a letter and does not end with -", in.Name, len(in.Name))
	}
	if !locationForm.MatchString(in.Location) {
		complain("location: %q is no location; give a zone as europe-west3-a, or a region as europe-west3", in.Location)
	}
	in.checkVersion(complain)
	in.checkNodes(complain)
	in.checkWindow(complain)
	in.checkLabels(complain)
	in.checkNetworks(complain)
	in.checkTimeouts(complain)
	return problems
}

type complaint func(format string, args ...any)

func (in params) checkVersion(complain complaint) {
	switch {
	case in.KubernetesVersion == "":
	case !versionForm.MatchString(in.KubernetesVersion):
		complain("kubernetes_version: %q is no version of GKE; give 1.36.3-gke.1234000, 1.36.3, 1.36 or latest", in.KubernetesVersion)
	case shortVersion.MatchString(in.KubernetesVersion):
		complain("kubernetes_version: %s is no version of GKE; quote it in YAML, where 1.30 without quotes is 1.3", in.KubernetesVersion)
	}
	if in.ReleaseChannel == "" || in.ReleaseChannel == "none" {
		return
	}
	mustBeOn(complain, "auto_upgrade", in.AutoUpgrade, in.ReleaseChannel)
	mustBeOn(complain, "auto_repair", in.AutoRepair, in.ReleaseChannel)
}

func mustBeOn(complain complaint, option string, on *bool, channel string) {
	if on != nil && !*on {
		complain("%s: cannot be off in the release channel %s; leave one of the two out", option, channel)
	}
}

func (in params) checkNodes(complain complaint) {
	within(complain, "initial_node_count", in.InitialNodeCount, 1, 1000)
	within(complain, "autoscaling_min_nodes", in.AutoscalingMin, 0, 1000)
	within(complain, "autoscaling_max_nodes", in.AutoscalingMax, 1, 1000)
	within(complain, "disk_size_gb", in.DiskSizeGB, 10, 65536)
	within(complain, "max_pods_per_node", in.MaxPodsPerNode, 8, 256)
	if in.NodeServiceAccount != "" && !accountForm.MatchString(in.NodeServiceAccount) {
		complain("node_service_account: %q is no account; give its address, or default", in.NodeServiceAccount)
	}
	if in.Autoscaling != nil && !*in.Autoscaling {
		return
	}
	low, high, initial := in.AutoscalingMin, in.AutoscalingMax, in.InitialNodeCount
	if low != nil && high != nil && *low > *high {
		complain("autoscaling_min_nodes: %d is more than autoscaling_max_nodes, which is %d", *low, *high)
	}
	if low != nil && initial != nil && *initial < *low {
		complain("initial_node_count: %d is less than autoscaling_min_nodes, which is %d", *initial, *low)
	}
	if high != nil && initial != nil && *initial > *high {
		complain("initial_node_count: %d is more than autoscaling_max_nodes, which is %d", *initial, *high)
	}
}

func within[N int32 | int64](complain complaint, option string, number *N, low, high N) {
	if number != nil && (*number < low || *number > high) {
		complain("%s: %d is not within %d to %d", option, *number, low, high)
	}
}

func (w maintenanceWindow) days() []string {
	var days []string
	for _, d := range w.Weekdays {
		if d = strings.ToUpper(strings.TrimSpace(d)); !slices.Contains(days, d) {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, func(a, b string) int { return slices.Index(gke.Weekdays, a) - slices.Index(gke.Weekdays, b) })
	return days
}

func (in params) checkWindow(complain complaint) {
	w := in.MaintenanceWindow
	if w == nil || w.Start == "" && w.End == "" && len(w.Weekdays) == 0 {
		return
	}
	good := checkTime(complain, "maintenance_window.start", w.Start)
	good = checkTime(complain, "maintenance_window.end", w.End) && good
	for _, d := range w.days() {
		if !slices.Contains(gke.Weekdays, d) {
			complain("maintenance_window.weekdays: %q is no weekday; give %s", d, strings.Join(gke.Weekdays, ", "))
			good = false
		}
	}
	if !good {
		return
	}
	if problem := in.window().Problem(); problem != "" {
		complain("maintenance_window: %s", problem)
	}
}

// checkTime knows what YAML makes of a time without quotes: 13:00:00 is a number to the base of 60.
func checkTime(complain complaint, option, text string) bool {
	if _, err := timeOfDay(text); err == nil {
		return true
	}
	if number, err := strconv.Atoi(text); err == nil && number > 0 {
		d := time.Duration(number) * time.Second
		if number < 24*60 {
			d = time.Duration(number) * time.Minute
		}
		if d < 24*time.Hour {
			complain(`%s: %s is no time of day; quote it in YAML: "%02d:%02d:%02d"`, option, text, int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
			return false
		}
	}
	complain("%s: %q is no time of day; give it in UTC as 13:00:00", option, text)
	return false
}

func (in params) checkLabels(complain complaint) {
	for _, key := range slices.Sorted(maps.Keys(in.Labels)) {
		value := in.Labels[key]
		tooLong := utf8.RuneCountInString(key) > labelLength || utf8.RuneCountInString(value) > labelLength
		if tooLong || !isLabelKey(key) || !isLabelValue(value) {
			complain("labels: %s=%s is no label; keys and values have up to 63 of a-z, 0-9, _ and -, and keys begin with a letter", key, value)
		}
	}
}

func (in params) checkNetworks(complain complaint) {
	if in.AuthorizedNetworks == nil {
		return
	}
	for _, block := range *in.AuthorizedNetworks {
		prefix, err := netip.ParsePrefix(block)
		switch {
		case err != nil:
			complain("authorized_networks: %q is no block of addresses; give them as 192.0.2.0/24", block)
		case prefix != prefix.Masked():
			complain("authorized_networks: %s has bits set beyond its length; give %s", block, prefix.Masked())
		}
	}
}

func (in params) checkTimeouts(complain complaint) {
	for _, limit := range []struct {
		option string
		value  int
	}{
		{"api_timeout", in.APITimeout}, {"create_timeout", in.CreateTimeout}, {"update_timeout", in.UpdateTimeout}, {"delete_timeout", in.DeleteTimeout},
	} {
		if limit.value < 1 {
			complain("%s: at least 1 second is wanted", limit.option)
		}
	}
	if in.APIEndpoint != "" && !validEndpoint(in.APIEndpoint) {
		complain("api_endpoint: %s is no https URL, and no host with or without a port", in.APIEndpoint)
	}
}

func validEndpoint(endpoint string) bool {
	if strings.Contains(endpoint, "://") {
		u, err := url.Parse(endpoint)
		return err == nil && u.Scheme == "https" && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == ""
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		host = endpoint
	}
	return host != "" && !strings.ContainsAny(host, "/ @:")
}
