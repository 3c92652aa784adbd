package k3s

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
	"github.com/metal-stack/initial-cluster/internal/k3s/sweep"
)

// planAbsent takes k3s off the machine. A server leaves its cluster first, as long as it can.
func (p *Plan) planAbsent(ctx context.Context) error {
	p.target = p.binary
	p.start.settings = p.settings
	if err := p.planLeave(ctx); err != nil {
		return err
	}
	if err := p.planEnd(ctx); err != nil {
		return err
	}
	if err := p.planSweep(ctx); err != nil {
		return err
	}
	if err := p.findKept(ctx); err != nil {
		return err
	}
	gone, err := p.leftovers(ctx)
	if err != nil {
		return err
	}
	for _, name := range gone {
		p.add(func(ctx context.Context) error { return p.removeTree(ctx, name) }, "remove %s%s", name, p.butKept(name))
	}
	if len(p.Steps()) > 0 {
		p.silently(p.system.Reload)
		p.silently(p.removeEmpty)
	}
	return nil
}

// removeEmpty removes the folders around k3s' own where nothing else is in them.
func (p *Plan) removeEmpty(ctx context.Context) error {
	for _, name := range []string{path.Dir(settings.Folder), path.Dir(defaultDataDir)} {
		info, err := p.host.Stat(ctx, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(info.Names) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := p.host.Remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// planEnd ends the services of both roles: a machine may have been both.
func (p *Plan) planEnd(ctx context.Context) error {
	for _, role := range []string{service.Server, service.Agent} {
		state, err := p.system.State(ctx, role)
		if err != nil {
			return err
		}
		if state.Running || state.Enabled {
			p.add(func(ctx context.Context) error { return p.end(ctx, role) }, "stop %s for good", service.Name(role))
		}
	}
	return nil
}

func (p *Plan) end(ctx context.Context, role string) error {
	if err := p.system.Stop(ctx, role); err != nil {
		return err
	}
	return p.system.Disable(ctx, role)
}

// leftovers are the paths that are there and that would not be without k3s. What the record names goes with its folder, last but one: an
// interrupted run is finished by the next.
func (p *Plan) leftovers(ctx context.Context) ([]string, error) {
	var names []string
	for _, role := range []string{service.Server, service.Agent} {
		names = append(names, p.system.Leftovers(role)...)
	}
	names = append(names, "/run/k3s", "/run/flannel", "/var/lib/kubelet")
	for _, name := range []string{"kubectl", "crictl", "ctr", "k3s-killall.sh", "k3s-uninstall.sh", "k3s-agent-uninstall.sh"} {
		p := path.Join(path.Dir(p.binary.path), name)
		names = append(names, p)
	}
	names = append(names, p.binary.path, p.dataDir, "/etc/rancher/node", settings.Folder)
	for _, kind := range []string{"volumes", "snapshots"} { // in this order
		for _, name := range p.own()[kind] {
			if p.want.purges(kind) && !strings.HasPrefix(name, p.dataDir+"/") {
				names = append(names, name)
			}
		}
	}
	return p.there(ctx, names)
}

func (p *Plan) there(ctx context.Context, names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		info, err := p.host.Stat(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, err
		case slices.Contains(tools, path.Base(name)) && path.Base(info.Target) != "k3s":
			continue // the machine has it from elsewhere
		}
		empty, err := p.onlyKept(ctx, name)
		if err != nil {
			return nil, err
		}
		if !empty {
			found = append(found, name)
		}
	}
	return found, nil
}

// own are the folders in which data may be that are not k3s' own, by what purge calls them: wherever they are told to be, and where k3s has them
// if nobody has told it.
func (p *Plan) own() map[string][]string {
	return map[string][]string{
		"volumes":   given(p.want.Volumes, p.settings.Get("default-local-storage-path"), path.Join(p.dataDir, "storage")),
		"snapshots": given(p.want.Snapshots, p.settings.Get("etcd-snapshot-dir"), path.Join(p.dataDir, "server/db/snapshots")),
	}
}

func given(folders ...string) []string {
	return once(slices.DeleteFunc(folders, func(name string) bool { return name == "" }))
}

// snapshots is where those of etcd lie.
func (p *Plan) snapshots() string {
	return firstOf(p.want.Snapshots, p.settings.Get("etcd-snapshot-dir"), path.Join(p.dataDir, "server/db/snapshots"))
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// findKept finds the folders that stay unless they are told by name: those that have something in them.
func (p *Plan) findKept(ctx context.Context) error {
	p.kept = nil
	for kind, folders := range p.own() {
		for _, name := range folders {
			info, err := p.host.Stat(ctx, name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return err
			case !p.want.purges(kind) && len(info.Names) > 0:
				p.kept = append(p.kept, name)
			}
		}
	}
	slices.Sort(p.kept)
	return nil
}

// keeps are the kept folders below one.
func (p *Plan) keeps(name string) []string {
	return slices.DeleteFunc(slices.Clone(p.kept), func(k string) bool { return k != name && !strings.HasPrefix(k, name+"/") })
}

func (p *Plan) butKept(name string) string {
	if kept := p.keeps(name); len(kept) > 0 {
		return " but for " + strings.Join(kept, ", ")
	}
	return ""
}

// onlyKept tells that below a folder there is nothing but what is kept.
func (p *Plan) onlyKept(ctx context.Context, name string) (bool, error) {
	kept := p.keeps(name)
	if slices.Contains(kept, name) {
		return true, nil
	}
	if len(kept) == 0 {
		return false, nil
	}
	info, err := p.host.Stat(ctx, name)
	if err != nil || !info.Mode.IsDir() {
		return false, err
	}
	for _, inside := range info.Names {
		if only, err := p.onlyKept(ctx, path.Join(name, inside)); !only || err != nil {
			return false, err
		}
	}
	return len(info.Names) > 0, nil
}

// removeTree removes a folder with all in it but what is kept. What is mounted there is somebody else's: k3s' own mounts are gone by now. The
// folder itself may be a mount, of a disk for it alone: then it stays, empty.
func (p *Plan) removeTree(ctx context.Context, name string) error {
	mounts, err := sweep.Mounts(ctx, p.host, name)
	if err != nil {
		return err
	}
	kept := p.keeps(name)
	foreign := slices.DeleteFunc(slices.Clone(mounts), func(m string) bool { return m == name || within(m, kept) })
	if len(foreign) > 0 {
		return fmt.Errorf("remove %s: %s is mounted in it; unmount that first, so that nothing on it is lost", name, strings.Join(foreign, ", "))
	}
	if len(kept) == 0 && len(mounts) == 0 {
		_, err := p.host.Remove(ctx, name)
		return err
	}
	return p.empty(ctx, name)
}

func within(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return name == f || strings.HasPrefix(name, f+"/") })
}

// empty removes what is in a folder but what is kept.
func (p *Plan) empty(ctx context.Context, name string) error {
	info, err := p.host.Stat(ctx, name)
	if err != nil {
		return err
	}
	for _, inside := range info.Names {
		below := path.Join(name, inside)
		kept := p.keeps(below)
		switch {
		case slices.Contains(kept, below):
		case len(kept) > 0:
			err = p.empty(ctx, below)
		default:
			_, err = p.host.Remove(ctx, below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// planLeave takes a server's member and Node object out of its cluster while another server is there to do it.
func (p *Plan) planLeave(ctx context.Context) error {
	if p.role == "" {
		return nil
	}
	name := p.Name(p.want)
	if p.role == service.Agent {
		p.warnings = append(p.warnings, fmt.Sprintf("the cluster still has a node %s; on a server: k3s kubectl delete node %s", name, name))
		return nil
	}
	switch p.data {
	case etcdData:
		return p.planForget(ctx, name)
	case sqliteData:
		return p.planLast(name)
	}
	return nil
}

// adminFile is k3s' own kubeconfig, and remoteFile one that leads to another server, for as long as it takes to leave.
const adminFile, remoteFile = settings.Folder + "/k3s.yaml", settings.Folder + "/leaving.yaml"

func (p *Plan) writeRemote(ctx context.Context, url string) error {
	text, err := host.ReadText(ctx, p.host, firstOf(p.settings.Get("write-kubeconfig"), adminFile))
	if err != nil {
		return err
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if key, _, found := strings.Cut(line, "server: "); found && strings.TrimSpace(key) == "" {
			lines[i] = key + "server: " + url
		}
	}
	_, err = p.host.Write(ctx, host.Text(remoteFile, 0o600, strings.Join(lines, "\n")))
	return err
}
