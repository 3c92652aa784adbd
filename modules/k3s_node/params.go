package main

import "github.com/metal-stack/initial-cluster/modules/internal/target"

type params struct {
	target.Params
	Role             string            `ansible:"role"`
	State            string            `ansible:"state"`
	Version          string            `ansible:"version"`
	Channel          string            `ansible:"channel"`
	DownloadURL      string            `ansible:"download_url"`
	ChannelURL       string            `ansible:"channel_url"`
	Binary           string            `ansible:"binary"`
	Images           []string          `ansible:"images"`
	DownloadImages   bool              `ansible:"download_images"`
	Checksums        map[string]string `ansible:"checksums"`
	BinDir           string            `ansible:"bin_dir"`
	Config           map[string]any    `ansible:"config"`
	ConfigDropins    map[string]any    `ansible:"config_dropins"`
	Registries       map[string]any    `ansible:"registries"`
	Manifests        []manifest        `ansible:"manifests"`
	TLSSAN           []string          `ansible:"tls_san"`
	DataDir          string            `ansible:"data_dir"`
	LocalStoragePath string            `ansible:"local_storage_path"`
	SnapshotDir      string            `ansible:"snapshot_dir"`
	Proxy            *proxy            `ansible:"proxy"`
	Environment      map[string]string `ansible:"environment"`
	SELinux          bool              `ansible:"selinux"`
	Token            string            `ansible:"token"`
	TokenFile        string            `ansible:"token_file"`
	AgentToken       string            `ansible:"agent_token"`
	AgentTokenFile   string            `ansible:"agent_token_file"`
	Servers          []string          `ansible:"servers"`
	JoinURL          string            `ansible:"join_url"`
	NewCluster       bool              `ansible:"new_cluster"`
	Datastore        string            `ansible:"datastore"`
	Labels           map[string]string `ansible:"labels"`
	Taints           []string          `ansible:"taints"`
	Upgrade          bool              `ansible:"upgrade"`
	Drain            bool              `ansible:"drain"`
	DrainTimeout     int               `ansible:"drain_timeout"`
	StartTimeout     int               `ansible:"start_timeout"`
	Reset            *resetTo          `ansible:"reset"`
	Purge            []string          `ansible:"purge"`
	Accept           []string          `ansible:"accept"`
}

type manifest struct {
	Name    string `ansible:"name"`
	Content string `ansible:"content"`
	Src     string `ansible:"src"`
}

type resetTo struct {
	Snapshot string `ansible:"snapshot"`
	Begin    bool   `ansible:"begin"`
}

type proxy struct {
	HTTP    string   `ansible:"http"`
	HTTPS   string   `ansible:"https"`
	NoProxy []string `ansible:"no_proxy"`
}
