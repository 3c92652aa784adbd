package main

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/k3s"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// instead are settings that options of the module stand for.
var instead = map[string]string{
	"token": "token", "token-file": "token_file", "agent-token": "agent_token", "agent-token-file": "agent_token_file", "server": "servers", "cluster-init": "servers",
	"data-dir": "data_dir", "default-local-storage-path": "local_storage_path", "etcd-snapshot-dir": "snapshot_dir", "tls-san": "tls_san", "node-label": "labels",
	"node-taint": "taints", "selinux": "selinux", "config": "config", "cluster-reset": "nothing", "cluster-reset-restore-path": "nothing",
}

// serverOnly are options that make no sense on an agent.
func (in params) serverOnly() map[string]bool {
	return map[string]bool{
		"agent_token": in.AgentToken != "", "agent_token_file": in.AgentTokenFile != "", "tls_san": len(in.TLSSAN) > 0, "manifests": len(in.Manifests) > 0,
		"local_storage_path": in.LocalStoragePath != "" && in.State != k3s.Absent, "snapshot_dir": in.SnapshotDir != "", "new_cluster": in.NewCluster, "drain": in.Drain,
	}
}

var (
	sha256Form = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	labelForm  = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	valueForm  = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
	taintForm  = regexp.MustCompile(`^[^=:]+(=[^=:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$`)
	fileForm   = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_.]*$`)
)

// collector collects what is wrong.
type collector []string

func (c *collector) add(wrong bool, format string, args ...any) {
	if wrong {
		*c = append(*c, fmt.Sprintf(format, args...))
	}
}

func (in params) problems() []string {
	var c collector
	in.releaseProblems(&c)
	in.serverProblems(&c)
	in.settingProblems(&c)
	in.nodeProblems(&c)
	return c
}

func (in params) releaseProblems(c *collector) {
	if in.Version != "" {
		_, err := cluster.ParseVersion(in.Version)
		c.add(err != nil, "version: %v", err)
	}
	c.add(in.Channel != "" && in.Binary != "", "channel: not with binary, which has a version of its own; leave one of them out")
	for name, address := range map[string]string{"download_url": in.DownloadURL, "channel_url": in.ChannelURL} {
		u, err := url.Parse(address)
		c.add(err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http", "%s: %q is no http or https URL", name, address)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Checksums)) {
		c.add(!sha256Form.MatchString(in.Checksums[name]), "checksums.%s: it is no SHA-256, which has 64 hexadecimal digits", name)
	}
}

func (in params) serverProblems(c *collector) {
	runs := slices.Contains([]string{k3s.Present, k3s.Restarted, k3s.Installed}, in.State)
	c.add(len(in.Servers) == 2 && runs, "servers: of two servers none may fail, as one alone is no majority; have one, or three")
	for _, server := range in.Servers {
		_, err := netip.ParseAddr(server)
		c.add(err != nil && (server == "" || strings.ContainsAny(server, "/:@ ")), "servers: %q is no name or address; ports and https:// have no place here", server)
	}
	c.add(len(slices.Compact(slices.Sorted(slices.Values(in.Servers)))) != len(in.Servers), "servers: one is named twice")
	if in.JoinURL != "" {
		u, err := url.Parse(in.JoinURL)
		c.add(err != nil || u.Scheme != "https" || u.Host == "", "join_url: %q is no https URL, as https://k3s.example.com:6443 is", in.JoinURL)
		c.add(in.Role == "server", "join_url: it is for agents; servers find each other by servers")
	}
	c.add(len(in.Servers) > 1 && in.Datastore == "sqlite", "datastore: sqlite cannot have several servers")
	if in.Role == "agent" {
		only := in.serverOnly()
		for _, name := range slices.Sorted(maps.Keys(only)) {
			c.add(only[name], "%s: it is for servers", name)
		}
	}
}

func (in params) settingProblems(c *collector) {
	check := func(option string, values map[string]any) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			key := strings.TrimSuffix(name, "+")
			c.add(instead[key] == "nothing", "%s.%s: it is no setting to keep", option, name)
			c.add(instead[key] != "" && instead[key] != "nothing", "%s.%s: the option %s stands for it", option, name, instead[key])
		}
		text, err := settings.Format(values)
		if err == nil {
			_, err = settings.Read(map[string]string{settings.ConfigFile: text})
		}
		c.add(err != nil, "%s: a text, a number, true, false or a list of them is wanted for each setting", option)
	}
	check("config", in.Config)
	for _, name := range slices.Sorted(maps.Keys(in.ConfigDropins)) {
		if values, ok := in.ConfigDropins[name].(map[string]any); ok {
			check("config_dropins."+name, values)
		}
	}
	for _, m := range in.Manifests {
		c.add(!fileForm.MatchString(m.Name), "manifests: %q is no name of a file without .yaml", m.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Environment)) {
		c.add(strings.HasPrefix(name, "K3S_"), "environment.%s: settings have options, or their place in config", name)
		c.add(strings.ContainsAny(in.Environment[name], "\n\x00"), "environment.%s: it has several lines", name)
	}
	for name, folder := range map[string]string{"data_dir": in.DataDir, "local_storage_path": in.LocalStoragePath, "snapshot_dir": in.SnapshotDir, "bin_dir": in.BinDir} {
		c.add(folder != "" && (!path.IsAbs(folder) || strings.Count(path.Clean(folder), "/") < 1 || path.Clean(folder) == "/"), "%s: %q is no absolute path below /", name, folder)
	}
}

func (in params) nodeProblems(c *collector) {
	for _, name := range slices.Sorted(maps.Keys(in.Labels)) {
		c.add(!labelForm.MatchString(name) || !valueForm.MatchString(in.Labels[name]), "labels.%s: %q: Kubernetes takes no such label", name, in.Labels[name])
	}
	for _, taint := range in.Taints {
		c.add(!taintForm.MatchString(taint), "taints: %q is no taint, as dedicated=storage:NoSchedule is", taint)
	}
	if in.Reset != nil {
		c.add(in.State != k3s.Present && in.State != k3s.Killed, "reset: it is for state present or killed")
		c.add(in.Role == "agent" && in.Reset.Begin, "reset.begin: it is for servers")
		c.add(in.Datastore == "sqlite" || in.Config["datastore-endpoint"] != nil, "reset: it is for etcd as the datastore")
		c.add(!fileForm.MatchString(in.Reset.Snapshot) && !path.IsAbs(in.Reset.Snapshot), "reset.snapshot: %q is no name of a file, and no absolute path", in.Reset.Snapshot)
	}
	c.add(in.StartTimeout < 1, "start_timeout: at least 1 second is wanted")
	c.add(in.DrainTimeout < 1, "drain_timeout: at least 1 second is wanted")
}

func tokenProblems(want k3s.Want) []string {
	var c collector
	for name, text := range map[string]string{"token": want.Token, "agent_token": want.AgentToken} {
		if text == "" {
			continue
		}
		token, err := cluster.ParseToken(text)
		c.add(err != nil, "%s: %v", name, err)
		c.add(err == nil && want.Role == "server" && token.Bootstrap(), "%s: one of k3s token create lets agents join, and no server", name)
	}
	return c
}
