package k3s

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// Where the tokens are, so that no other file has secrets in it that k3s needs at each start.
const (
	tokenFile      = settings.Folder + "/token"
	agentTokenFile = settings.Folder + "/agent-token"
)

// place is where a server stands in its cluster, as config.yaml says it: it begins one (cluster-init), or knows another server (server).
type place struct {
	init   bool
	server string
}

// text is a file as it is to be.
type text struct {
	path    string
	mode    fs.FileMode
	content string
	secret  bool // nothing of it is shown
}

func (t text) file() host.File { return host.Text(t.path, t.mode, t.content) }

// texts are the files of settings and the service, as they are to be; in the order in which they are written.
func (n *Node) compose(want Want, at place) ([]text, error) {
	var all []text
	for _, token := range []struct{ path, text string }{{tokenFile, n.token(want)}, {agentTokenFile, n.agentToken(want)}} {
		if token.text != "" {
			all = append(all, text{token.path, 0o600, token.text + "\n", true})
		}
	}
	config, err := settings.Format(n.config(want, at))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	all = append(all, text{path: settings.ConfigFile, mode: 0o600, content: config})
	for _, name := range slices.Sorted(maps.Keys(want.DropIns)) {
		content, err := settings.Format(want.DropIns[name])
		if err != nil {
			return nil, fmt.Errorf("config_dropins.%s: %w", name, err)
		}
		all = append(all, text{path: settings.DropIn(name), mode: 0o600, content: content})
	}
	if want.Registries != nil {
		content, err := settings.Format(want.Registries)
		if err != nil {
			return nil, fmt.Errorf("registries: %w", err)
		}
		all = append(all, text{path: settings.RegistriesFile, mode: 0o600, content: content})
	}
	for _, m := range want.Manifests {
		all = append(all, text{manifestPath(want, m.Name), 0o600, m.Content, m.Secret})
	}
	all = append(all, text{path: n.system.EnvironmentFile(want.Role), mode: 0o600, content: formatEnvironment(want.Environment)})
	for _, f := range n.system.Files(service.Definition{Role: want.Role, Binary: n.binary.path}) {
		content, err := contentOf(f)
		if err != nil {
			return nil, err
		}
		all = append(all, text{path: f.Path, mode: f.Mode, content: content})
	}
	return all, nil
}

// token is the servers' on a server, and the one to join with on an agent: the wanted one, or else the one that is there.
func (n *Node) token(want Want) string {
	if want.Token != "" {
		return strings.TrimSpace(want.Token)
	}
	return n.given
}

func (n *Node) agentToken(want Want) string {
	if !want.server() {
		return ""
	}
	if want.AgentToken != "" {
		return strings.TrimSpace(want.AgentToken)
	}
	return n.agent
}

func manifestPath(want Want, name string) string {
	return path.Join(want.DataDir, "server/manifests", name+".yaml")
}

// config is what config.yaml says.
func (n *Node) config(want Want, at place) map[string]any {
	config := map[string]any{}
	maps.Copy(config, want.Config)
	set := func(name string, value any, given bool) {
		if given {
			config[name] = value
		}
	}
	set("token-file", tokenFile, n.token(want) != "")
	set("agent-token-file", agentTokenFile, n.agentToken(want) != "")
	set("data-dir", want.DataDir, want.DataDir != defaultDataDir)
	set("selinux", true, want.SELinux)
	set("node-label", labelList(want.Labels), len(want.Labels) > 0)
	set("node-taint", slices.Sorted(slices.Values(want.Taints)), len(want.Taints) > 0)
	set("server", at.server, at.server != "")
	if want.server() {
		set("cluster-init", true, at.init)
		set("tls-san", want.TLSSAN, len(want.TLSSAN) > 0)
		set("default-local-storage-path", want.Volumes, want.Volumes != "")
		set("etcd-snapshot-dir", want.Snapshots, want.Snapshots != "")
	}
	return config
}

func labelList(labels map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, name+"="+labels[name])
	}
	return list
}

// effective is what k3s would start with, had it the files. Drop-ins of others count, as k3s reads them.
func (n *Node) effective(want Want, all []text) (settings.Settings, error) {
	read, err := n.merged(all)
	if err != nil {
		return nil, err
	}
	return withTokens(read, n.token(want), n.agentToken(want), n.password), nil
}

// merged is what the files say, where they are as they are to be.
func (n *Node) merged(all []text) (settings.Settings, error) {
	files := map[string]string{}
	for p, f := range n.files {
		if path.Dir(p) == settings.DropIns && !n.drops(p, all) {
			files[p] = f.text
		}
	}
	for _, t := range all {
		if t.path == settings.ConfigFile || path.Dir(t.path) == settings.DropIns {
			files[t.path] = t.content
		}
	}
	return settings.Read(files)
}

// drops tells that a file was written here and is not wanted any more.
func (n *Node) drops(p string, all []text) bool {
	return n.record != nil && slices.Contains(n.record.Files, p) && !slices.ContainsFunc(all, func(t text) bool { return t.path == p })
}

// withTokens puts in place of tokens, wherever they are given, what they say.
func withTokens(s settings.Settings, token, agent, bound string) settings.Settings {
	s = maps.Clone(s)
	for _, name := range []string{"token", "token-file", "agent-token", "agent-token-file"} {
		delete(s, name)
	}
	if token == "" {
		token = bound // k3s takes it from its data then
	}
	for name, value := range map[string]string{"token": passwordOf(token), "agent-token": passwordOf(agent)} {
		if value != "" {
			s[name] = []string{value}
		}
	}
	return s
}

// registriesOf is the content of registries.yaml in a form in which two ways to write the same are equal.
func registriesOf(content string) string {
	var value any
	if yaml.Unmarshal([]byte(content), &value) != nil || value == nil {
		return strings.TrimSpace(content)
	}
	same, err := yaml.Marshal(value)
	if err != nil {
		return content
	}
	return string(same)
}
