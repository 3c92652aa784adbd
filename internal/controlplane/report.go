package controlplane

import (
	"errors"

	"github.com/metal-stack/initial-cluster/internal/cluster"
)

// Report is what became of a component, or would.
type Report struct {
	Name, Release, Namespace string
	Action                   Action // what was done; before Apply, what would be
	Recovered                bool   // a killed or failed run was in the way
	Revision                 int    // that is deployed, or after the action would be
	Chart, Version, Digest   string
	Images                   []string         // of its pods and hooks
	Reasons                  []cluster.Reason // why it is not ready
}

// Reports tells about all components, in their order.
func (p *Plan) Reports() []Report {
	reports := make([]Report, len(p.parts))
	for i, part := range p.parts {
		reports[i] = part.report()
	}
	return reports
}

func (p *part) report() Report {
	r := Report{Name: p.component.Name, Release: p.component.Release, Namespace: p.component.Namespace, Action: p.action, Recovered: p.recover != ""}
	if p.want != nil {
		r.Chart, r.Version, r.Images = p.want.chart.Metadata.Name, p.want.chart.Metadata.Version, p.want.images()
	}
	if p.chart != nil {
		r.Digest = p.chart.Digest
	}
	switch {
	case p.action == Install || p.action == Upgrade:
		r.Revision = p.revision()
	case p.found.last != nil:
		r.Revision = p.found.last.Version
	}
	var unready *Unready
	if errors.As(p.failure(), &unready) {
		r.Reasons = unready.Reasons
	}
	return r
}
