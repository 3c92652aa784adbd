package gketest

import (
	"context"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// What Google asks of a window: https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions.
const (
	leastWindow = 4 * time.Hour
	leastSum    = 48 * time.Hour
)

var weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

func checkWindow(p *containerpb.MaintenancePolicy) error {
	recurring := p.GetWindow().GetRecurringWindow()
	if recurring == nil {
		return nil
	}
	if recurring.Window == nil || recurring.Window.StartTime == nil || recurring.Window.EndTime == nil {
		return refuse(codes.InvalidArgument, "Invalid maintenance policy: recurring window must have a start and end time.")
	}
	length := recurring.Window.EndTime.AsTime().Sub(recurring.Window.StartTime.AsTime())
	if length <= 0 {
		return refuse(codes.InvalidArgument, "Invalid maintenance policy: recurring window end time must be after its start time.")
	}
	if length > 24*time.Hour {
		return refuse(codes.InvalidArgument, "Invalid maintenance policy: recurring window must not be longer than 24h.")
	}
	days, err := daysPerWeek(recurring.Recurrence)
	if err != nil {
		return err
	}
	// In the worst 32 days each weekday comes four times.
	if length < leastWindow || time.Duration(4*days)*length < leastSum {
		return refuse(codes.InvalidArgument, "maintenance policy would go longer than 32d without 48h maintenance availability of "+
			">=4h contiguous duration (in time range [%s, %s])", recurring.Window.StartTime.AsTime().Format(time.RFC3339),
			recurring.Window.StartTime.AsTime().AddDate(0, 0, 32).Format(time.RFC3339))
	}
	return nil
}

// daysPerWeek reads the part of RFC 5545 that matters here.
func daysPerWeek(recurrence string) (int, error) {
	rule := rruleOf(recurrence)
	switch rule["FREQ"] {
	case "DAILY":
		return 7, nil
	case "WEEKLY":
	default:
		return 0, refuse(codes.InvalidArgument, "Invalid maintenance policy: could not parse RRULE %q: unsupported FREQ.", recurrence)
	}
	days := strings.Split(rule["BYDAY"], ",")
	for _, day := range days {
		if !contains(weekdays, day) {
			return 0, refuse(codes.InvalidArgument, "Invalid maintenance policy: could not parse RRULE %q: invalid BYDAY value %q.", recurrence, day)
		}
	}
	return len(days), nil
}

func rruleOf(recurrence string) map[string]string {
	rule := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(recurrence, "RRULE:"), ";") {
		key, value, _ := strings.Cut(part, "=")
		rule[key] = value
	}
	return rule
}

// fillPolicy sets what Google sets: a version, and the rule's parts in its own order.
func fillPolicy(p *containerpb.MaintenancePolicy) {
	p.ResourceVersion = random(4)
	recurring := p.GetWindow().GetRecurringWindow()
	if recurring == nil {
		return
	}
	rule := rruleOf(recurring.Recurrence)
	days := strings.Split(rule["BYDAY"], ",")
	slices.SortFunc(days, func(a, b string) int { return slices.Index(weekdays, a) - slices.Index(weekdays, b) })
	if rule["BYDAY"] != "" {
		recurring.Recurrence = "BYDAY=" + strings.Join(days, ",") + ";FREQ=" + rule["FREQ"]
	}
}

// SetMaintenancePolicy replaces the policy; the request must carry the version it has read.
func (s *Server) SetMaintenancePolicy(_ context.Context, r *containerpb.SetMaintenancePolicyRequest) (*containerpb.Operation, error) {
	return s.change(r.Name, containerpb.Operation_SET_MAINTENANCE_POLICY, "", func(c *cluster, after *containerpb.Cluster) error {
		if r.MaintenancePolicy.GetResourceVersion() != c.MaintenancePolicy.ResourceVersion {
			return refuse(codes.Aborted, "Maintenance policy could not be set: resource version %q does not match the current %q.",
				r.MaintenancePolicy.GetResourceVersion(), c.MaintenancePolicy.ResourceVersion)
		}
		if err := checkWindow(r.MaintenancePolicy); err != nil {
			return err
		}
		after.MaintenancePolicy = proto.CloneOf(r.MaintenancePolicy)
		fillPolicy(after.MaintenancePolicy)
		return nil
	})
}
