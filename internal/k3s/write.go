package k3s

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// planWrites brings everything that differs onto the disk. That a start is to come is noted first.
func (p *Plan) planWrites(ctx context.Context, texts []text) {
	if p.starting {
		p.silently(p.announce)
	}
	p.silently(p.folders)
	if p.writeBinary != nil {
		p.add(p.writeBinary, "write %s", p.target.path)
	}
	p.planLinks(ctx)
	joins := p.want.several() && p.data == "" && !p.want.outside() && p.starting
	if joins {
		p.planMeeting(ctx)
	}
	p.texts = texts
	for _, t := range texts {
		late := joins && t.path == settings.ConfigFile
		if found, there := p.files[t.path]; there && found.text == t.content && found.info.Mode.Perm() == t.mode && !late {
			continue
		}
		p.add(func(ctx context.Context) error {
			if late {
				return p.writeConfig(ctx)
			}
			_, err := p.host.Write(ctx, t.file())
			return err
		}, "write %s", t.path)
		p.unitWritten = p.unitWritten || p.isUnit(t.path)
	}
	for _, old := range p.old(texts) {
		p.remove(old)
	}
}

// writeConfig writes config.yaml for the place that has been found.
func (p *Plan) writeConfig(ctx context.Context) error {
	content, err := settings.Format(p.config(p.want, p.at))
	if err == nil {
		_, err = p.host.Write(ctx, host.Text(settings.ConfigFile, 0o600, content))
	}
	return err
}

// old are the files that were written here and are not wanted any more. Those of a service are another role's.
func (p *Plan) old(texts []text) []string {
	if p.record == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.record.Files), func(name string) bool {
		_, there := p.files[name]
		return !there || slices.ContainsFunc(texts, func(t text) bool { return t.path == name })
	})
}

func (p *Plan) isUnit(name string) bool {
	return slices.ContainsFunc(p.system.Files(p.definition()), func(f host.File) bool { return f.Path == name })
}

// announce notes that a start is to come, so that a run that ends before it leaves that to the next one.
func (p *Plan) announce(ctx context.Context) error {
	r := record{}
	if p.record != nil {
		r = *p.record
	}
	r.Start = nil
	if err := p.folder(ctx, path.Dir(recordFile), 0o755); err != nil {
		return err
	}
	return r.write(ctx, p.host)
}

// folders makes the folders that k3s expects to be there. Those that are there keep their modes and owners.
func (p *Plan) folders(ctx context.Context) error {
	wanted := map[string]fs.FileMode{settings.Folder: 0o755, settings.DropIns: 0o700, p.want.DataDir: 0o755, path.Dir(p.target.path): 0o755}
	if p.want.Volumes != "" {
		wanted[p.want.Volumes] = 0o701
	}
	if p.want.Snapshots != "" {
		wanted[p.want.Snapshots] = 0o700
	}
	if len(p.want.Manifests) > 0 {
		wanted[path.Dir(manifestPath(p.want, ""))] = 0o700
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := p.folder(ctx, name, wanted[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) folder(ctx context.Context, name string, mode fs.FileMode) error {
	if there, err := p.exists(ctx, name); there || err != nil {
		return err
	}
	_, err := p.host.Write(ctx, host.Folder(name, mode))
	return err
}

func (p *Plan) remove(name string) {
	p.removed = append(p.removed, name)
	p.add(func(ctx context.Context) error {
		_, err := p.host.Remove(ctx, name)
		return err
	}, "remove %s", name)
}

func (n *Node) exists(ctx context.Context, name string) (bool, error) {
	_, err := n.host.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func contentOf(f host.File) (string, error) {
	content, err := io.ReadAll(f.Content)
	return string(content), err
}
