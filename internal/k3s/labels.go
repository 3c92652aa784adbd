package k3s

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// attributes are what Kubernetes has of a node's labels and taints.
type attributes struct {
	Metadata struct{ Labels map[string]string }
	Spec     struct{ Taints []taint }
}

type taint struct{ Key, Value, Effect string }

func (t taint) String() string {
	if t.Value == "" {
		return t.Key + ":" + t.Effect
	}
	return t.Key + "=" + t.Value + ":" + t.Effect
}

// parseTaint reads key=value:Effect, or key:Effect.
func parseTaint(text string) taint {
	name, effect, _ := strings.Cut(text, ":")
	key, value, _ := strings.Cut(name, "=")
	return taint{key, value, effect}
}

// planLabels compares the node's labels and taints while it runs. A node that is started gets them by that.
func (p *Plan) planLabels(ctx context.Context) error {
	if p.starting || !p.state.Active {
		return nil
	}
	labels, taints, err := p.differing(ctx)
	if err != nil {
		return err
	}
	p.labelled = true
	if len(labels) > 0 {
		p.add(func(ctx context.Context) error { return p.kubectl(ctx, "label", labels) }, "label the node: %s", strings.Join(labels, " "))
	}
	if len(taints) > 0 && p.want.server() {
		p.add(func(ctx context.Context) error { return p.kubectl(ctx, "taint", taints) }, "taint the node: %s", strings.Join(taints, " "))
	}
	p.warnOf(taints)
	return nil
}

// warnOf tells of taints that an agent has otherwise than it should.
func (p *Plan) warnOf(taints []string) {
	if len(taints) > 0 && !p.want.server() {
		p.warnings = append(p.warnings, fmt.Sprintf("an agent may not change its taints; run on a server: k3s kubectl taint node %s --overwrite %s", p.Name(p.want), strings.Join(taints, " ")))
	}
}

// reconcile is the same after a start, which gives labels, and never takes any.
func (p *Plan) reconcile(ctx context.Context) error {
	if p.wantsNothing() {
		return nil
	}
	labels, taints, err := p.differing(ctx)
	if err == nil && len(labels) > 0 {
		err = p.kubectl(ctx, "label", labels)
	}
	if err == nil && len(taints) > 0 && p.want.server() {
		err = p.kubectl(ctx, "taint", taints)
	}
	if err == nil {
		p.labelled = true
		p.warnOf(taints)
	}
	return err
}

// toRemember are the labels and taints that go when they are not wanted any more: those that are wanted, and of those that were given before
// the ones that are still there, because it has not come to that, or because an agent may not take its taints away.
func (p *Plan) toRemember() (labels map[string]string, taints []string) {
	labels, taints = p.want.Labels, slices.Clone(p.want.Taints)
	if p.record == nil {
		return labels, taints
	}
	if !p.labelled && len(p.record.Labels) > 0 {
		labels = maps.Clone(p.record.Labels)
		maps.Copy(labels, p.want.Labels)
	}
	for _, old := range p.record.Taints {
		still := !p.labelled || !p.want.server() && slices.Contains(p.tainted, parseTaint(old))
		if still && !slices.Contains(taints, old) {
			taints = append(taints, old)
		}
	}
	return labels, taints
}

func (p *Plan) wantsNothing() bool {
	given := p.record != nil && len(p.record.Labels)+len(p.record.Taints) > 0
	return len(p.want.Labels)+len(p.want.Taints) == 0 && !given
}

// differing are the words for kubectl that make the node's labels and taints the wanted ones. Those that were not given here stay.
func (p *Plan) differing(ctx context.Context) (labels, taints []string, err error) {
	if p.wantsNothing() {
		return nil, nil, nil
	}
	out, err := p.host.Run(ctx, p.kubectlCommand("get", "node", p.Name(p.want), "--output=json"))
	if err != nil {
		return nil, nil, err
	}
	var has attributes
	if err := json.Unmarshal([]byte(out.Stdout), &has); err != nil {
		return nil, nil, fmt.Errorf("read node %s: %w", p.Name(p.want), err)
	}
	p.tainted = has.Spec.Taints
	given := record{}
	if p.record != nil {
		given = *p.record
	}
	return labelWords(has.Metadata.Labels, p.want.Labels, given.Labels), taintWords(has.Spec.Taints, p.want.Taints, given.Taints), nil
}

func labelWords(has, want, given map[string]string) (words []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value, there := has[name]; !there || value != want[name] {
			words = append(words, name+"="+want[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		_, there := has[name]
		if _, wanted := want[name]; there && !wanted {
			words = append(words, name+"-")
		}
	}
	return words
}

func taintWords(has []taint, want, given []string) (words []string) {
	for _, text := range slices.Sorted(slices.Values(want)) {
		if !slices.Contains(has, parseTaint(text)) {
			words = append(words, text)
		}
	}
	for _, text := range slices.Sorted(slices.Values(given)) {
		old := parseTaint(text)
		replaced := slices.ContainsFunc(want, func(w string) bool { return parseTaint(w).Key == old.Key && parseTaint(w).Effect == old.Effect })
		if slices.Contains(has, old) && !replaced {
			words = append(words, old.Key+":"+old.Effect+"-")
		}
	}
	return words
}

func (p *Plan) kubectl(ctx context.Context, verb string, words []string) error {
	_, err := p.host.Run(ctx, p.kubectlCommand(append([]string{verb, "node", p.Name(p.want), "--overwrite"}, words...)...))
	return err
}

// kubectlCommand runs with what a server's administrator may, or an agent's kubelet.
func (p *Plan) kubectlCommand(words ...string) host.Command {
	c := host.Words(append([]string{p.binary.path, "kubectl", "--request-timeout=10s"}, words...)...)
	if !p.want.server() {
		c.Env = map[string]string{"KUBECONFIG": path.Join(p.want.DataDir, "agent/kubelet.kubeconfig")}
	}
	return c
}
