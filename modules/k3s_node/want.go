package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s"
	"github.com/metal-stack/initial-cluster/internal/k3s/release"
)

// want is the wanted node, and everything that is wrong with the options beyond their types.
func (in params) want() (want k3s.Want, problems []string) {
	want = k3s.Want{
		Role: in.Role, State: in.State, Version: in.Version, Channel: in.Channel, Binary: in.Binary, Images: in.Images, DownloadImages: in.DownloadImages, BinDir: in.BinDir,
		Source: release.Source{Downloads: in.DownloadURL, Channels: in.ChannelURL, Pinned: in.Checksums},
		Config: in.Config, Registries: in.Registries, TLSSAN: in.TLSSAN, DataDir: in.DataDir, Volumes: in.LocalStoragePath, Snapshots: in.SnapshotDir, SELinux: in.SELinux,
		Environment: in.environment(), Servers: in.Servers, JoinURL: in.JoinURL, NewCluster: in.NewCluster, SQLite: in.Datastore == "sqlite",
		Labels: in.Labels, Taints: in.Taints, Upgrade: in.Upgrade, Drain: in.Drain, DrainTimeout: time.Duration(in.DrainTimeout) * time.Second,
		StartTimeout: time.Duration(in.StartTimeout) * time.Second, Purge: in.Purge, Accept: in.Accept, Remote: in.SSH != nil,
		DropIns: map[string]map[string]any{},
	}
	problems = append(in.Problems(), in.problems()...)
	if in.Reset != nil {
		want.Reset = &k3s.Reset{Snapshot: in.Reset.Snapshot, Begin: in.Reset.Begin}
	}
	read := func(option, text, path string) string {
		if path == "" {
			return text
		}
		content, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, option+": "+err.Error())
		}
		return string(content)
	}
	want.Token = strings.TrimSpace(read("token_file", in.Token, in.TokenFile))
	want.AgentToken = strings.TrimSpace(read("agent_token_file", in.AgentToken, in.AgentTokenFile))
	problems = append(problems, tokenProblems(want)...)
	for _, m := range in.Manifests {
		want.Manifests = append(want.Manifests, k3s.Manifest{Name: m.Name, Content: read("manifests", m.Content, m.Src), Secret: m.Src != ""})
	}
	for _, name := range slices.Sorted(maps.Keys(in.ConfigDropins)) {
		values, ok := in.ConfigDropins[name].(map[string]any)
		if !ok || name == "" || strings.ContainsAny(name, "/\x00") {
			problems = append(problems, fmt.Sprintf("config_dropins: %q: the name of a file without .yaml is wanted, and its settings", name))
			continue
		}
		want.DropIns[name] = values
	}
	return want, problems
}

// environment is that of k3s. CONTAINERD_* would be for containerd alone, which inherits this one.
func (in params) environment() map[string]string {
	environment := map[string]string{}
	maps.Copy(environment, in.Environment)
	if in.Proxy == nil {
		return environment
	}
	for name, value := range map[string]string{"HTTP_PROXY": in.Proxy.HTTP, "HTTPS_PROXY": in.Proxy.HTTPS, "NO_PROXY": strings.Join(in.Proxy.NoProxy, ",")} {
		if value != "" {
			environment[name] = value
		}
	}
	return environment
}

// secrets are those that come from files.
func secrets(want k3s.Want) []string {
	all := []string{want.Token, want.AgentToken}
	for _, m := range want.Manifests {
		if m.Secret {
			all = append(all, m.Content)
		}
	}
	return all
}
