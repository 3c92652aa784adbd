package k3s

import (
	"slices"
	"time"

	"github.com/metal-stack/initial-cluster/internal/k3s/release"
)

// States of a node.
const (
	Present   = "present"
	Absent    = "absent"
	Stopped   = "stopped"
	Restarted = "restarted"
	Killed    = "killed"
	Installed = "installed"
)

// Want is what a node is to be. Of what is not told a node that is there keeps what it has.
type Want struct {
	Role  string // service.Server or service.Agent
	State string

	Version string // of the release; empty is that of the channel, of the binary, or the installed one
	Channel string // whose version counts; empty is none
	Source  release.Source
	Upgrade bool     // also where another release runs
	Binary  string   // file with the binary, where this runs; empty is a download
	Images  []string // files with images, where this runs
	// DownloadImages wants the release's archive of images, too.
	DownloadImages bool
	BinDir         string

	Config      map[string]any
	DropIns     map[string]map[string]any // by their names without .yaml
	Registries  map[string]any            // nil keeps the file that is there
	Manifests   []Manifest
	TLSSAN      []string
	DataDir     string
	Volumes     string // folder of local volumes; empty is within DataDir
	Snapshots   string // folder of etcd's snapshots; empty is within DataDir
	Environment map[string]string
	SELinux     bool

	Token      string
	AgentToken string
	Servers    []string // addresses of all servers; empty is this one alone
	JoinURL    string   // where agents find the cluster; empty is one of Servers
	NewCluster bool     // there is no cluster yet, though not all servers can be asked
	SQLite     bool     // instead of etcd, for a server that is alone

	Labels map[string]string
	Taints []string // key=value:Effect

	Drain        bool
	DrainTimeout time.Duration
	StartTimeout time.Duration
	Reset        *Reset   // nil is none
	Purge        []string // volumes, snapshots
	Accept       []string // downgrade, minor_skip, quorum_loss, member_left_behind, cluster_loss

	// Remote says that this does not run on the node itself, so that other servers cannot be answered there.
	Remote bool
}

// Reset is that the cluster begins anew from a snapshot of etcd, which is done once on each node; until it has another release, then it may
// be done again.
type Reset struct {
	Snapshot string // its path, or its name in the folder of snapshots
	Begin    bool   // on this server, which has the snapshot; all others give up their data and join it
}

// Manifest is a file that a server applies.
type Manifest struct {
	Name    string // without .yaml
	Content string
	Secret  bool // its content is not shown
}

func (w Want) server() bool { return w.Role == "server" }

// several tells whether the cluster is to have more than one server.
func (w Want) several() bool { return w.server() && len(w.Servers) > 1 }

func (w Want) accepts(what string) bool { return slices.Contains(w.Accept, what) }

func (w Want) purges(what string) bool { return slices.Contains(w.Purge, what) }

// outside tells whether the datastore is none of k3s' own.
func (w Want) outside() bool { return w.Config["datastore-endpoint"] != nil }
