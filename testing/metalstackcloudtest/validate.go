package metalstackcloudtest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
)

// hostname and the limits are those of the API's definition (buf.validate).
var hostname = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func (s *Server) validate(q *CreateMessage) error {
	var wrong []string
	require := func(holds bool, format string, args ...any) {
		if !holds {
			wrong = append(wrong, " - "+fmt.Sprintf(format, args...))
		}
	}
	require(len(q.Name) >= 2, "name: value length must be at least 2 characters [string.min_len]")
	require(len(q.Name) <= 12, "name: value length must be at most 12 characters [string.max_len]")
	require(hostname.MatchString(q.Name), "name: value must be a valid hostname [string.hostname]")
	for i, w := range q.Workers {
		require(value(w.Minsize) <= 32, "workers[%d].minsize: value must be less than or equal to 32 [uint32.lte]", i)
		require(value(w.Maxsize) <= 64, "workers[%d].maxsize: value must be less than or equal to 64 [uint32.lte]", i)
	}
	if q.Maintenance != nil && q.Maintenance.TimeWindow != nil {
		length, err := time.ParseDuration(q.Maintenance.TimeWindow.Duration)
		require(err == nil && length >= time.Hour && length < 4*time.Hour,
			"maintenance.time_window.duration: value must be greater than or equal to 1h and less than 4h [duration.gte_lt]")
	}
	if len(wrong) > 0 {
		return refuse(connect.CodeInvalidArgument, "validation errors:\n%s", strings.Join(wrong, "\n"))
	}
	return s.available(q)
}

func (s *Server) available(q *CreateMessage) error {
	offer := s.offers(q.Partition)
	switch {
	case offer == nil:
		return refuse(connect.CodeInvalidArgument, "partition %q does not exist", q.Partition)
	case q.Kubernetes == nil || !slices.ContainsFunc(offer.Kubernetes, func(v offeredVersion) bool { return v.Version == q.Kubernetes.Version }):
		return refuse(connect.CodeInvalidArgument, "kubernetes version is not available")
	case len(q.Workers) == 0:
		return refuse(connect.CodeInvalidArgument, "at least one worker group is required")
	}
	for _, w := range q.Workers {
		if _, ok := offer.MachineTypes[value(w.MachineType)]; !ok {
			return refuse(connect.CodeInvalidArgument, "machine type %q does not exist", value(w.MachineType))
		}
		if value(w.Minsize) > value(w.Maxsize) {
			return refuse(connect.CodeInvalidArgument, "minsize of worker group %q is above its maxsize", w.Name)
		}
	}
	return nil
}

// upgradable holds Gardener's rules against a new version.
func (s *Server) upgradable(c *ClusterMessage, version string) error {
	from, to := numbers(c.Kubernetes.Version), numbers(version)
	switch {
	case slices.Compare(to, from) < 0:
		return refuse(connect.CodeInvalidArgument, "kubernetes version downgrade is not supported")
	case to[1] > from[1]+1:
		return refuse(connect.CodeInvalidArgument, "kubernetes version upgrade cannot skip a minor version")
	}
	return nil
}

func numbers(version string) []int {
	all := []int{0, 0, 0}
	for i, part := range strings.SplitN(version, ".", 3) {
		number, err := strconv.Atoi(part)
		if err != nil {
			return []int{0, 0, 0}
		}
		all[i] = number
	}
	return all
}

// value is what a field holds, or the default of Protocol Buffers.
func value[T any](field *T) (v T) {
	if field != nil {
		v = *field
	}
	return v
}
