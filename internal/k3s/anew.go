package k3s

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/reset"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// name is by which a node remembers that it has done its part.
func (r Reset) name() string { return path.Base(r.Snapshot) }

// resets tells whether the node has its part in the reset still to do: a server gives up its data, an agent only starts anew.
func (n *Node) resets(w Want) bool {
	return w.Reset != nil && (n.record == nil || n.record.Reset != w.Reset.name())
}

// snapshot is the path of the one to begin from.
func (p *Plan) snapshot() string {
	if path.IsAbs(p.want.Reset.Snapshot) {
		return p.want.Reset.Snapshot
	}
	return path.Join(p.snapshots(), p.want.Reset.Snapshot)
}

// planReset ends k3s with its pods, as k3s wants it before an older release runs on the node, and sets the data aside. From here on the node
// is planned as what it is then.
func (p *Plan) planReset(ctx context.Context) error {
	if !p.resets(p.want) {
		return nil
	}
	if p.want.Reset.Begin && p.want.several() {
		p.add(p.awaitSilence, "wait until k3s runs on no other server")
	}
	if p.state.Running {
		p.add(func(ctx context.Context) error { return p.system.Stop(ctx, p.role) }, "stop %s", service.Name(p.role))
	}
	if err := p.planSweep(ctx); err != nil {
		return err
	}
	if err := p.planAside(ctx); err != nil {
		return err
	}
	p.state, p.data, p.password, p.bound = service.State{Enabled: p.state.Enabled}, "", "", ""
	if p.want.Reset.Begin {
		p.data = etcdData
	}
	return nil
}

// planAside has a server that does not begin give up its data, with which others could otherwise go on as the cluster of before. One that
// begins does so at the last moment. That is planned for one that is killed, too.
func (p *Plan) planAside(ctx context.Context) error {
	if !p.resets(p.want) {
		return nil
	}
	if err := p.mayReset(ctx); err != nil {
		return err
	}
	begins := p.want.Reset.Begin
	if begins && p.want.State == Killed {
		return nil
	}
	parts := map[bool][]string{true: reset.Begins, false: reset.Joins}[begins]
	switch {
	case !p.want.server():
	case p.data == "":
		p.silently(func(ctx context.Context) error { return p.aside(ctx, parts) })
	default:
		p.add(func(ctx context.Context) error { return p.aside(ctx, parts) }, "set the data of the cluster aside, beside %s", path.Join(p.dataDir, parts[0]))
	}
	if !begins {
		p.silently(p.markReset)
	}
	return nil
}

func (p *Plan) mayReset(ctx context.Context) error {
	if p.data == sqliteData {
		return errors.New("refusing to reset: the data is SQLite's, which has no snapshots")
	}
	if !p.want.Reset.Begin {
		return nil
	}
	info, err := p.host.Stat(ctx, p.snapshot())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode.IsRegular() {
		return fmt.Errorf("refusing to reset: there is no snapshot %s; name one that is on this server", p.snapshot())
	}
	if err != nil {
		return err
	}
	return p.opens(ctx)
}

// opens refuses a token with which k3s could not open the snapshot, before anything is stopped for it. Its secrets lie there under a key that
// follows from the token (k3s pkg/cluster storageKey). A compressed one is not looked into.
func (p *Plan) opens(ctx context.Context) error {
	if strings.HasSuffix(p.snapshot(), ".zip") {
		return nil
	}
	sum := sha256.Sum256([]byte(passwordOf(p.token(p.want))))
	key := "/bootstrap/" + hex.EncodeToString(sum[:])[:12]
	_, err := p.host.Run(ctx, host.Command{Words: []string{"grep", "-q", "-F", "-f", "-", p.snapshot()}, Stdin: strings.NewReader(key)})
	if failed := (*host.RunError)(nil); errors.As(err, &failed) && failed.Code == 1 {
		return fmt.Errorf("refusing to reset: the token is not that of the cluster when the snapshot %s was taken; give the token of that time", p.snapshot())
	}
	return err
}

func (p *Plan) aside(ctx context.Context, parts []string) error {
	if err := p.awaitEnd(ctx); err != nil {
		return err
	}
	_, err := reset.Aside(ctx, p.host, p.dataDir, parts)
	return err
}

// resetLock is held by a k3s that resets its data, also when the run that began it was killed.
const resetLock = "/run/k3s_node-reset.lock"

// awaitEnd waits until no k3s resets its data any more.
func (p *Plan) awaitEnd(ctx context.Context) error {
	o := wait.Options{For: "a k3s that an earlier run has begun to reset", Timeout: p.want.StartTimeout, Interval: lookInterval, Begin: lookInterval / 5}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		err := p.run(ctx, "flock", "-n", resetLock, "true")
		if failed := (*host.RunError)(nil); errors.As(err, &failed) && failed.Code == 1 {
			return false, "it runs", nil
		}
		return err == nil, "", err
	})
}

// awaitSilence refuses to begin while another server may go on with the cluster as it was.
func (p *Plan) awaitSilence(ctx context.Context) error {
	o := wait.Options{For: "the other servers to be stopped", Timeout: leastTimeout, Interval: lookInterval, Begin: lookInterval / 5}
	err := wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		var running []string
		for _, url := range p.urls()[1:] {
			_, err := cluster.Open(ctx, p.access(url))
			if silent := (*cluster.Silent)(nil); !errors.As(err, &silent) {
				running = append(running, url)
			}
		}
		return len(running) == 0, strings.Join(running, ", ") + " answering", nil
	})
	if err != nil {
		return fmt.Errorf("refusing to reset while k3s runs on other servers: %w; stop them first", err)
	}
	return nil
}

// planBegin has the cluster begin anew here, with all that k3s then starts with on the disk.
func (p *Plan) planBegin() error {
	if !p.resets(p.want) || !p.want.Reset.Begin {
		return nil
	}
	merged, err := p.merged(p.texts)
	if err != nil {
		return err
	}
	p.add(func(ctx context.Context) error { return p.begin(ctx, merged) }, "begin the cluster anew from the snapshot %s; what was written after it is not in it", p.snapshot())
	return nil
}

func (p *Plan) begin(ctx context.Context, start settings.Settings) error {
	within, cancel := context.WithTimeout(ctx, p.want.StartTimeout)
	defer cancel()
	b := reset.Beginning{K3s: p.target.path, DataDir: p.want.DataDir, Snapshot: p.snapshot(), Settings: start, Lock: resetLock}
	if err := b.Begin(within, p.host); err != nil {
		return err
	}
	return p.markReset(ctx)
}

// markReset notes that the node has done its part; what is left is what is done to any node.
func (p *Plan) markReset(ctx context.Context) error {
	r := record{}
	if p.record != nil {
		r = *p.record
	}
	r.Start, r.Reset, r.Leave = nil, p.want.Reset.name(), false // a leave that was kept is of the cluster of before
	if err := p.folder(ctx, settings.Folder, 0o755); err != nil {
		return err
	}
	p.record = &r
	return r.write(ctx, p.host)
}
