package k3s

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/release"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// Kinds of a server's own data.
const (
	etcdData   = "etcd"
	sqliteData = "sqlite"
)

// Node is a machine as it was found.
type Node struct {
	host      host.Host
	system    service.System
	arch      release.Arch
	hostname  string
	addresses []string

	role     string // of the service that is installed; empty if there is none
	state    service.State
	binary   binary
	settings settings.Settings // what k3s would start with now
	files    map[string]file   // of those that could matter, those that are there
	dataDir  string
	data     string // etcdData, sqliteData, or empty
	password string // of the servers' token that the data is bound to; empty where there is none
	bound    string // that token
	given    string // the token that the settings give, as they give it
	agent    string // likewise that for agents
	record   *record
}

// binary is k3s itself. The sum is empty if it is not there.
type binary struct{ path, sum, version string }

// file is one that was found.
type file struct {
	text string
	info host.Info
}

// Observe looks at a machine, and changes nothing.
func Observe(ctx context.Context, h host.Host, want Want) (*Node, error) {
	n := &Node{host: h, files: map[string]file{}}
	for _, look := range []func(context.Context, Want) error{n.lookAtMachine, n.lookAtRole, n.lookAtBinary, n.lookAtFiles, n.lookAtSettings, n.lookAtData, n.lookAtTokens} {
		if err := look(ctx, want); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *Node) lookAtMachine(ctx context.Context, _ Want) (err error) {
	if n.system, err = service.Find(ctx, n.host); err != nil {
		return err
	}
	out, err := n.host.Run(ctx, host.Words("uname", "-mn"))
	if err != nil {
		return err
	}
	name, machine, _ := strings.Cut(strings.TrimSpace(out.Stdout), " ")
	n.hostname = strings.ToLower(name)
	if n.arch, err = release.ParseArch(machine); err != nil {
		return err
	}
	if out, err = n.host.Run(ctx, host.Words("ip", "-o", "address")); err != nil {
		return fmt.Errorf("find the machine's addresses: %w", err)
	}
	for line := range strings.Lines(out.Stdout) {
		for i, words := 0, strings.Fields(line); i+1 < len(words); i++ {
			if words[i] == "inet" || words[i] == "inet6" {
				address, _, _ := strings.Cut(words[i+1], "/")
				n.addresses = append(n.addresses, address)
			}
		}
	}
	return nil
}

// lookAtRole finds which service is installed. One of the other role than the wanted one counts more: it has to be refused.
func (n *Node) lookAtRole(ctx context.Context, want Want) (err error) {
	if n.record, err = readRecord(ctx, n.host); err != nil {
		return err
	}
	other := service.Agent
	if want.Role == service.Agent {
		other = service.Server
	}
	n.settings = settings.Settings{}
	for _, role := range []string{other, want.Role} {
		arguments, found, err := n.system.Arguments(ctx, role)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		n.role, n.settings = role, settings.FromArguments(arguments)
		n.state, err = n.system.State(ctx, role)
		return err
	}
	return nil
}

func (n *Node) lookAtBinary(ctx context.Context, want Want) error {
	n.binary.path = path.Join(want.BinDir, "k3s")
	info, err := n.host.Stat(ctx, n.binary.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode.IsDir() {
		return fmt.Errorf("%s is a folder; move it out of the way", n.binary.path)
	}
	if n.binary.sum, err = host.SHA256(ctx, n.host, n.binary.path); err != nil {
		return err
	}
	n.files[n.binary.path] = file{info: info}
	out, err := n.host.Run(ctx, host.Words(n.binary.path, "--version"))
	var failed *host.RunError
	if errors.As(err, &failed) {
		return nil // half a file, or of another processor: it is replaced
	}
	if err != nil {
		return err
	}
	if version, err := release.ReadVersion(out.Stdout); err == nil {
		n.binary.version = version.String()
	}
	return nil
}

// lookAtFiles reads the files of settings, those that are wanted and those of others.
func (n *Node) lookAtFiles(ctx context.Context, want Want) error {
	paths := []string{settings.ConfigFile, settings.RegistriesFile, tokenFile, agentTokenFile, recordFile}
	for _, role := range []string{service.Server, service.Agent} {
		paths = append(paths, n.system.EnvironmentFile(role))
		for _, f := range n.system.Files(service.Definition{Role: role}) {
			paths = append(paths, f.Path)
		}
	}
	info, err := n.host.Stat(ctx, settings.DropIns)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range info.Names {
		if settings.IsDropIn(name) {
			paths = append(paths, path.Join(settings.DropIns, name))
		}
	}
	if n.record != nil {
		paths = append(paths, n.record.Files...)
		for image := range n.record.Images {
			paths = append(paths, image)
		}
	}
	for _, m := range want.Manifests {
		paths = append(paths, manifestPath(want, m.Name))
	}
	for _, p := range paths {
		if err := n.read(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// read reads a file, if it is there. Of a big one, as an archive of images, it looks at what is outside alone.
func (n *Node) read(ctx context.Context, p string) error {
	if _, known := n.files[p]; known {
		return nil
	}
	info, err := n.host.Stat(ctx, p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f := file{info: info}
	if err == nil && info.Mode.IsRegular() && info.Size <= maxSettings {
		f.text, err = host.ReadText(ctx, n.host, p)
	}
	n.files[p] = f
	return err
}

// maxSettings is longer than any file of settings or any manifest, in bytes.
const maxSettings = 4 << 20

// lookAtSettings puts together what k3s would start with: its environment, its files, its arguments, the later before the earlier.
func (n *Node) lookAtSettings(_ context.Context, want Want) error {
	files := map[string]string{}
	for p, f := range n.files {
		if p == settings.ConfigFile || path.Dir(p) == settings.DropIns {
			files[p] = f.text
		}
	}
	read, err := settings.Read(files)
	if err != nil {
		return err
	}
	environment := settings.FromEnvironment(parseEnvironment(n.files[n.system.EnvironmentFile(n.role)].text))
	n.settings = environment.Over(read, n.settings)
	n.dataDir = n.settings.Get("data-dir")
	switch {
	case n.dataDir == "" && n.role == "":
		n.dataDir = want.DataDir
	case n.dataDir == "":
		n.dataDir = defaultDataDir
	}
	return nil
}

const defaultDataDir = "/var/lib/rancher/k3s"

// lookAtData tells what of a cluster is there already. etcd is initialised exactly if it has a log (k3s pkg/etcd IsInitialized).
func (n *Node) lookAtData(ctx context.Context, _ Want) error {
	database := path.Join(n.dataDir, "server/db")
	for name, kind := range map[string]string{"etcd/member/wal": etcdData, "state.db": sqliteData} {
		_, err := n.host.Stat(ctx, path.Join(database, name))
		switch {
		case err == nil && n.data != etcdData:
			n.data = kind
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// lookAtTokens reads the token that the settings give, and the one that the data is bound to.
func (n *Node) lookAtTokens(ctx context.Context, _ Want) (err error) {
	if n.given, err = n.tokenOf(ctx, "token"); err != nil {
		return err
	}
	if n.agent, err = n.tokenOf(ctx, "agent-token"); err != nil {
		return err
	}
	if n.data == "" {
		return nil
	}
	bound, err := host.ReadText(ctx, n.host, path.Join(n.dataDir, "server/token"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	n.bound = strings.TrimSpace(bound)
	n.password = passwordOf(n.bound)
	return nil
}

func (n *Node) tokenOf(ctx context.Context, name string) (string, error) {
	if value := n.settings.Get(name); value != "" {
		return value, nil
	}
	p := n.settings.Get(name + "-file")
	if p == "" {
		return "", nil
	}
	text, err := host.ReadText(ctx, n.host, p)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return strings.TrimSpace(text), err
}

// passwordOf is what of a token does not depend on its form; empty if it is none.
func passwordOf(text string) string {
	token, err := cluster.ParseToken(text)
	if err != nil {
		return ""
	}
	return token.Password
}

// Name is the node's name in the cluster.
func (n *Node) Name(want Want) string {
	for _, value := range []any{want.Config["node-name"], n.settings.Get("node-name")} {
		if name, ok := value.(string); ok && name != "" {
			return strings.ToLower(name)
		}
	}
	return n.hostname
}

// Describe is the node for people and playbooks.
func (n *Node) Describe(want Want) map[string]any {
	return map[string]any{
		"name": n.Name(want), "role": n.role, "installed": n.binary.version, "running": n.state.Active, "started": n.state.Started, "datastore": n.data, "to_reset": n.resets(want),
	}
}
