package gke

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Window is a weekly time in which Google may maintain a cluster. Its times are of the day, in UTC; an end that is not after the start is
// on the next day.
type Window struct {
	Start, End time.Duration // since midnight
	Days       []string      // MO to SU, as RFC 5545 has them; none is every day
}

// Weekdays are the days of a week in their order.
var Weekdays = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}

// What Google asks of a window: at least 4 hours at a time, and 48 hours within any 32 days.
// https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions
const (
	leastLength = 4 * time.Hour
	leastSum    = 48 * time.Hour
	day         = 24 * time.Hour
)

// Length is how long the window is open.
func (w Window) Length() time.Duration {
	if w.End > w.Start {
		return w.End - w.Start
	}
	return w.End + day - w.Start
}

// Problem is why Google would refuse the window, or empty.
func (w Window) Problem() string {
	days := len(w.Days)
	if days == 0 {
		days = 7
	}
	const worst = 4 // so many times each weekday comes within any 32 days at least
	switch {
	case w.Length() < leastLength:
		return fmt.Sprintf("it is %s long, and Google wants 4h at least", brief(w.Length()))
	case time.Duration(worst*days)*w.Length() < leastSum:
		return fmt.Sprintf("it is open %s within 32 days, and Google wants 48h at least; take more weekdays, or longer ones",
			brief(time.Duration(worst*days)*w.Length()))
	}
	return ""
}

func brief(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func (w Window) recurrence() string {
	if len(w.Days) == 0 || len(w.Days) == len(Weekdays) {
		return "FREQ=DAILY"
	}
	return "FREQ=WEEKLY;BYDAY=" + strings.Join(w.Days, ",")
}

// String is the window as people read it, the same for all forms of it.
func (w Window) String() string {
	days := "every day"
	if len(w.Days) > 0 && len(w.Days) < len(Weekdays) {
		days = strings.Join(w.Days, ",")
	}
	return fmt.Sprintf("%s from %s to %s UTC", days, clock(w.Start), clock(w.End))
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

// anchor is the day on which metal-stack's role lets windows begin. It means nothing: what counts is the recurrence.
var anchor = time.Date(2023, time.March, 11, 0, 0, 0, 0, time.UTC)

func (w Window) recurring() *containerpb.MaintenanceWindow_RecurringWindow {
	start := anchor.Add(w.Start)
	return &containerpb.MaintenanceWindow_RecurringWindow{RecurringWindow: &containerpb.RecurringTimeWindow{
		Window:     &containerpb.TimeWindow{StartTime: timestamppb.New(start), EndTime: timestamppb.New(start.Add(w.Length()))},
		Recurrence: w.recurrence(),
	}}
}

// into is a policy with this window, which keeps what else was in it: exclusions, the disruption budget, the version that was read.
func (w Window) into(p *containerpb.MaintenancePolicy) *containerpb.MaintenancePolicy {
	p = proto.CloneOf(p)
	if p == nil {
		p = &containerpb.MaintenancePolicy{}
	}
	if p.Window == nil {
		p.Window = &containerpb.MaintenanceWindow{}
	}
	p.Window.Policy = w.recurring()
	return p
}

// windowText is the window that a cluster has, in the words of Window.String, or in Google's own if it is of a kind this package
// does not make.
func windowText(p *containerpb.MaintenancePolicy) string {
	switch policy := p.GetWindow().GetPolicy().(type) {
	case *containerpb.MaintenanceWindow_RecurringWindow:
		times := policy.RecurringWindow.GetWindow()
		start := times.GetStartTime().AsTime()
		return recurrenceText(start.Sub(start.Truncate(day)), times.GetEndTime().AsTime().Sub(start), policy.RecurringWindow.GetRecurrence())
	case *containerpb.MaintenanceWindow_RecurringMaintenanceWindow:
		at := policy.RecurringMaintenanceWindow.GetWindowStartTime()
		start := time.Duration(at.GetHours())*time.Hour + time.Duration(at.GetMinutes())*time.Minute + time.Duration(at.GetSeconds())*time.Second
		return recurrenceText(start, policy.RecurringMaintenanceWindow.GetWindowDuration().AsDuration(), policy.RecurringMaintenanceWindow.GetRecurrence())
	case *containerpb.MaintenanceWindow_DailyMaintenanceWindow:
		return "every day from " + policy.DailyMaintenanceWindow.GetStartTime() + " UTC (daily_maintenance_window)"
	}
	return ""
}

func recurrenceText(start, length time.Duration, rule string) string {
	w := Window{Start: start, End: (start + length) % day}
	for part := range strings.SplitSeq(strings.TrimPrefix(rule, "RRULE:"), ";") {
		switch key, value, _ := strings.Cut(part, "="); {
		case part == "FREQ=DAILY", part == "FREQ=WEEKLY", part == "":
		case key == "BYDAY":
			w.Days = strings.Split(value, ",")
		default:
			return fmt.Sprintf("%s from %s to %s UTC", rule, clock(w.Start), clock(w.End))
		}
	}
	if !strings.Contains(rule, "BYDAY") && !strings.Contains(rule, "DAILY") {
		return fmt.Sprintf("%s from %s to %s UTC", rule, clock(w.Start), clock(w.End))
	}
	slices.SortFunc(w.Days, func(a, b string) int { return slices.Index(Weekdays, a) - slices.Index(Weekdays, b) })
	return w.String()
}
