package k3s

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/release"
)

// chooseBinary finds out which binary there is to be.
func (p *Plan) chooseBinary(ctx context.Context) error {
	p.target.path = p.binary.path
	if p.want.Binary != "" {
		return p.chooseFile(ctx)
	}
	wanted, err := p.chooseVersion(ctx)
	if err != nil {
		return err
	}
	p.target.version = wanted
	if p.keepsBinary(wanted) {
		p.target.sum = p.binary.sum
		return nil
	}
	version, err := cluster.ParseVersion(wanted)
	if err != nil {
		return err
	}
	p.release = &version
	p.target.sum, err = p.want.Source.Sum(ctx, version, p.arch, p.arch.Binary())
	return err
}

// chooseVersion gives the wanted version. Without one, a node that is there keeps its own.
func (p *Plan) chooseVersion(ctx context.Context) (string, error) {
	channel := p.want.Channel
	switch {
	case p.want.Version != "":
		return p.want.Version, nil
	case channel == "" && p.binary.version != "":
		return p.binary.version, nil
	case channel == "":
		channel = "stable"
	}
	version, err := p.want.Source.Resolve(ctx, channel)
	return version.String(), err
}

// keepsBinary tells that the binary that is there will do: it is of the version, it is what was put there, and what is pinned.
func (p *Plan) keepsBinary(version string) bool {
	pinned := strings.ToLower(p.want.Source.Pinned[p.arch.Binary()])
	return p.binary.version == version && (p.record == nil || p.record.Sum == p.binary.sum) && (pinned == "" || pinned == p.binary.sum)
}

// chooseFile takes the binary from a file, whose version is known once it has been run; here if this machine can.
func (p *Plan) chooseFile(ctx context.Context) (err error) {
	if p.target.sum, err = p.localSum(p.want.Binary, p.arch.Binary()); err != nil {
		return err
	}
	p.target.version = p.want.Version
	if p.target.sum == p.binary.sum {
		p.target.version = p.binary.version
	} else if out, err := (host.Local{}).Run(ctx, host.Words(p.want.Binary, "--version")); err == nil {
		version, err := release.ReadVersion(out.Stdout)
		if err != nil {
			return fmt.Errorf("binary: %s: %w", p.want.Binary, err)
		}
		p.target.version = version.String()
	}
	if p.want.Version != "" && p.target.version != p.want.Version {
		return fmt.Errorf("binary: %s is k3s %s, and version is %s; give one or the other", p.want.Binary, p.target.version, p.want.Version)
	}
	return nil
}

// localSum is the SHA-256 of a file here, which must be the pinned one, if one is.
func (p *Plan) localSum(name, asset string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	if pinned := strings.ToLower(p.want.Source.Pinned[asset]); pinned != "" && pinned != sum {
		return "", fmt.Errorf("%s has the SHA-256 %s, and checksums has %s for %s; do not run it before you know why", name, sum, pinned, asset)
	}
	return sum, nil
}

// planDownload downloads, so that all that can fail by the network fails before anything is changed.
func (p *Plan) planDownload() {
	if p.target.sum == p.binary.sum {
		return
	}
	var file *os.File
	if p.want.Binary == "" {
		p.add(func(ctx context.Context) (err error) {
			file, err = p.fetch(ctx, *p.release, p.arch.Binary(), p.target.sum)
			return err
		}, "download k3s %s from %s", p.target.version, p.want.Source.Downloads)
	}
	p.writeBinary = func(ctx context.Context) (err error) {
		if file == nil {
			if file, err = p.open(p.want.Binary); err != nil {
				return err
			}
		}
		if _, err := p.host.Write(ctx, host.File{Path: p.target.path, Mode: 0o755, Owner: "root:root", Content: file, Sum: p.target.sum}); err != nil {
			return err
		}
		return p.label(ctx)
	}
}

func (p *Plan) fetch(ctx context.Context, version release.Version, name, sum string) (*os.File, error) {
	file, err := p.want.Source.Fetch(ctx, version, name, sum)
	if err == nil {
		p.closers = append(p.closers, file.Close)
	}
	return file, err
}

func (p *Plan) open(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err == nil {
		p.closers = append(p.closers, file.Close)
	}
	return file, err
}

// label gives the binary the type that SELinux lets it start containers by; where SELinux is not, there is nothing to do.
func (p *Plan) label(ctx context.Context) error {
	if there, err := p.exists(ctx, "/sys/fs/selinux/enforce"); !there || err != nil {
		return err
	}
	return p.run(ctx, "chcon", "-u", "system_u", "-r", "object_r", "-t", "container_runtime_exec_t", p.target.path)
}

// planImages puts archives of images where k3s loads them when it starts, and takes those away that were put there before.
func (p *Plan) planImages(ctx context.Context) error {
	p.images = map[string]string{}
	folder := path.Join(p.want.DataDir, "agent/images")
	for _, source := range p.want.Images {
		name := filepath.Base(source)
		sum, err := p.localSum(source, name)
		if err != nil {
			return fmt.Errorf("images: %w", err)
		}
		p.planImage(path.Join(folder, name), sum, func(context.Context) (*os.File, error) { return p.open(source) })
	}
	if p.want.DownloadImages {
		if err := p.planImageDownload(ctx, folder); err != nil {
			return err
		}
	}
	if p.record != nil {
		for old := range p.record.Images {
			if _, wanted := p.images[old]; !wanted {
				p.remove(old)
			}
		}
	}
	return nil
}

func (p *Plan) planImageDownload(ctx context.Context, folder string) error {
	version, err := cluster.ParseVersion(p.target.version)
	if err != nil {
		return fmt.Errorf("download_images: %w; give version", err)
	}
	asset := p.arch.Images()
	target := path.Join(folder, strings.Replace(asset, ".tar", "-"+strings.ReplaceAll(version.String(), "+", "-")+".tar", 1))
	sum := ""
	if p.record != nil && p.want.Source.Pinned[asset] == "" {
		sum = p.record.Images[target]
	}
	if sum == "" {
		if sum, err = p.want.Source.Sum(ctx, version, p.arch, asset); err != nil {
			return err
		}
	}
	p.planImage(target, sum, func(ctx context.Context) (*os.File, error) { return p.fetch(ctx, version, asset, sum) })
	return nil
}

func (p *Plan) planImage(target, sum string, open func(context.Context) (*os.File, error)) {
	p.images[target] = sum
	if _, there := p.files[target]; there && p.record != nil && p.record.Images[target] == sum {
		return
	}
	p.add(func(ctx context.Context) error {
		file, err := open(ctx)
		if err != nil {
			return err
		}
		if err := p.folder(ctx, path.Dir(target), 0o755); err != nil {
			return err
		}
		_, err = p.host.Write(ctx, host.File{Path: target, Mode: 0o644, Content: file, Sum: sum})
		return err
	}, "write %s", target)
}

// tools are programs that k3s is, too, by their names.
var tools = []string{"kubectl", "crictl", "ctr"}

// planLinks gives people the tools, unless the machine has them from elsewhere.
func (p *Plan) planLinks(ctx context.Context) {
	folder := path.Dir(p.target.path)
	for _, tool := range tools {
		link := path.Join(folder, tool)
		if there, err := p.exists(ctx, link); err != nil || there || p.elsewhere(ctx, tool) {
			continue
		}
		p.links = append(p.links, link)
		p.add(func(ctx context.Context) error {
			_, err := p.host.Write(ctx, host.Link(link, "k3s"))
			return err
		}, "link %s to k3s", link)
	}
}

var searched = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

func (p *Plan) elsewhere(ctx context.Context, tool string) bool {
	return slices.ContainsFunc(searched, func(folder string) bool {
		there, err := p.exists(ctx, path.Join(folder, tool))
		return there && err == nil
	})
}
