package k3s

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
)

// recordFile is where a node keeps what cannot be seen of it: whose files are whose, and what the running k3s was started with.
const recordFile = "/etc/rancher/k3s/k3s_node.json"

type record struct {
	Files  []string          `json:"files"`  // that were written here, and go when they are not wanted any more
	Links  []string          `json:"links"`  // likewise, to k3s
	Labels map[string]string `json:"labels"` // that were given here
	Taints []string          `json:"taints"`
	Sum    string            `json:"sum"`     // SHA-256 of the binary that was put here
	Images map[string]string `json:"images"`  // SHA-256 of the archives that were put here, by path
	Start  map[string]string `json:"started"` // what the last start given here was with; empty while it is still to come
	Before string            `json:"before"`  // the run of the service that this start was to end
	Reset  string            `json:"reset"`   // the snapshot from which the cluster has begun anew, if this node has done its part in that
	Leave  bool              `json:"leave"`   // it was to be stopped: the leave of the others may not have been given back, and pods not let onto it again
}

func readRecord(ctx context.Context, h host.Host) (*record, error) {
	text, err := host.ReadText(ctx, h, recordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("read %s: %w; remove it, then the node is looked at as if it were somebody else's", recordFile, err)
	}
	return &r, nil
}

func (r record) text() string {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic(err) // of texts alone
	}
	return string(content) + "\n"
}

func (r record) write(ctx context.Context, h host.Host) error {
	_, err := h.Write(ctx, host.Text(recordFile, 0o600, r.text()))
	return err
}

// nextRecord is what is true once all steps are done.
func (p *Plan) nextRecord() record {
	next := record{Sum: p.target.sum, Images: p.images, Start: p.start.sums(p.want.Role)}
	next.Labels, next.Taints = p.toRemember()
	switch {
	case p.want.Reset != nil:
		next.Reset = p.want.Reset.name()
	case p.record != nil && p.target.version == p.binary.version:
		next.Reset = p.record.Reset
	}
	if p.record != nil {
		next.Before = p.record.Before
		next.Files, next.Links = p.record.Files, p.record.Links
	}
	for _, t := range p.texts {
		next.Files = append(next.Files, t.path)
	}
	next.Links = once(append(next.Links, p.links...))
	next.Files = slices.DeleteFunc(once(next.Files), func(name string) bool { return slices.Contains(p.removed, name) })
	return next
}

// once are the names in order, each one time: a record is made anew from the one before, also within one run.
func once(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }

// planRecord keeps the record true. On a node of others it is all that is left to do if nothing differs.
func (p *Plan) planRecord() {
	if p.record != nil && p.record.Leave && p.state.Active && !p.starting {
		p.add(p.await, "end the restart of an earlier run: wait until %s is ready, let pods onto %s again, and give back the leave to be stopped",
			service.Name(p.want.Role), p.Name(p.want))
	}
	write := func(ctx context.Context) error { return p.nextRecord().write(ctx, p.host) }
	switch {
	case len(p.Steps()) > 0:
		p.silently(write)
	case p.files[recordFile].text == p.nextRecord().text():
	case p.record == nil:
		p.add(write, "take over the k3s that is there")
	default:
		p.add(write, "write %s", recordFile)
	}
}
