package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/retention"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
	"github.com/metal-stack/initial-cluster/modules/internal/stores"
)

type params struct {
	stores.Params
	restore
	State           string   `ansible:"state"`
	Cluster         string   `ansible:"cluster"`
	Backup          string   `ansible:"backup"`
	Source          string   `ansible:"source"`
	DataDir         string   `ansible:"data_dir"`
	ConfigDir       string   `ansible:"config_dir"`
	IncludeToken    bool     `ansible:"include_token"`
	Endpoints       []string `ansible:"endpoints"`
	CAFile          string   `ansible:"ca_file"`
	CertFile        string   `ansible:"cert_file"`
	KeyFile         string   `ansible:"key_file"`
	Username        string   `ansible:"username"`
	Password        string   `ansible:"password"`
	Snapshot        string   `ansible:"snapshot"`
	SigningKey      string   `ansible:"signing_key"`
	SigningKeyFile  string   `ansible:"signing_key_file"`
	TrustedKeys     []string `ansible:"trusted_keys"`
	Recipients      []string `ansible:"recipients"`
	Identities      string   `ansible:"identities"`
	IdentitiesFile  string   `ansible:"identities_file"`
	MaxAge          int      `ansible:"max_age"`
	AcceptLineage   bool     `ansible:"accept_lineage"`
	Keep            *keep    `ansible:"keep"`
	WorkDir         string   `ansible:"work_dir"`
	AnswerTimeout   int      `ansible:"answer_timeout"`
	SnapshotTimeout int      `ansible:"snapshot_timeout"`
	StallTimeout    int      `ansible:"stall_timeout"`
	BackupTimeout   int      `ansible:"backup_timeout"`
	Schedule        timer    `ansible:"schedule"`
}

type keep struct {
	Last       int `ansible:"last"`
	Hourly     int `ansible:"hourly"`
	Daily      int `ansible:"daily"`
	Weekly     int `ansible:"weekly"`
	Monthly    int `ansible:"monthly"`
	MinimumAge int `ansible:"minimum_age"`
}

// wanted is what the options say, ready to be worked with.
type wanted struct {
	params
	vaults []etcdbackup.Vault
	keys   etcdbackup.Keys
}

// clusterForm is what every store takes in a name.
var clusterForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// wanted reads keys and opens stores. All problems are told at once.
func (in params) wanted(ctx context.Context) (*wanted, error) {
	keys, problems := in.keys(ctx)
	w := &wanted{params: in, keys: keys}
	problems = append(problems, in.problems()...)
	problems = append(problems, in.Problems()...)
	if len(problems) > 0 {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	opened, err := in.Open(ctx)
	for _, s := range opened {
		w.vaults = append(w.vaults, etcdbackup.Vault{Store: s, Cluster: in.Cluster, Keys: keys})
	}
	return w, err
}

func (in params) problems() (problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if !clusterForm.MatchString(in.Cluster) {
		complain("cluster: %q is no name; use letters, digits, dots, dashes and underscores, up to 100", in.Cluster)
	}
	for name, seconds := range map[string]int{"answer_timeout": in.AnswerTimeout, "snapshot_timeout": in.SnapshotTimeout, "stall_timeout": in.StallTimeout, "backup_timeout": in.BackupTimeout} {
		if seconds < 1 {
			complain("%s: at least 1 second is wanted", name)
		}
	}
	if in.MaxAge < 0 {
		complain("max_age: it cannot be negative")
	}
	if err := in.keepProblem(); err != nil {
		complain("keep: %v", err)
	}
	problems = append(problems, in.useless()...)
	problems = append(problems, in.scheduleProblems()...)
	if in.takes() {
		problems = append(problems, in.sourceProblems()...)
	}
	problems = append(problems, in.restoreProblems()...)
	slices.Sort(problems)
	return problems
}

// keepProblem is what is wrong with keep. To keep nothing is wrong only where something would be deleted.
func (in params) keepProblem() error {
	_, err := retention.Decide(nil, in.Keep.policy(), time.Time{})
	deletes := in.State == "pruned" || in.State == "scheduled" && in.Keep != nil
	if errors.Is(err, retention.ErrEmpty) && !deletes {
		return nil
	}
	return err
}

// useless are options that the state does not use: whoever gives them means another one.
func (in params) useless() (problems []string) {
	complain := func(option, states string) {
		problems = append(problems, fmt.Sprintf("%s: state %s does not use it, but %s; leave it out, or give the state that is meant", option, in.State, states))
	}
	if in.Backup != "" && !slices.Contains([]string{"verified", "drilled", "restored"}, in.State) {
		complain("backup", "verified, drilled and restored")
	}
	if in.State == "restored" {
		return problems
	}
	for option, given := range map[string]bool{
		"confirm": in.Confirm != "", "fallback": in.Fallback, "nodes": len(in.Nodes) > 0, "rejoin": in.Rejoin != "", "servers": len(in.Servers) > 0, "token": in.Token != "",
	} {
		if given {
			complain(option, "restored")
		}
	}
	return problems
}

func (in params) sourceProblems() (problems []string) {
	if in.Source == "etcd" && len(in.Endpoints) == 0 {
		problems = append(problems, "endpoints: source etcd needs them")
	}
	if (in.CertFile == "") != (in.KeyFile == "") {
		problems = append(problems, "cert_file, key_file: one is no use without the other")
	}
	if in.wantsToken() && len(in.Recipients) == 0 {
		problems = append(problems, "recipients: the k3s server token is stored only encrypted; give recipients, or set include_token to false and keep the token elsewhere, "+
			"as no restore works without it")
	}
	return problems
}

func (in params) wantsToken() bool { return in.IncludeToken && in.Source != "etcd" }

func (k *keep) policy() retention.Policy {
	if k == nil {
		return retention.Policy{}
	}
	return retention.Policy{Last: k.Last, Hourly: k.Hourly, Daily: k.Daily, Weekly: k.Weekly, Monthly: k.Monthly, MinimumAge: time.Duration(k.MinimumAge) * time.Second}
}

// origin is where the snapshot comes from.
func (in params) origin(ctx context.Context) (o etcdbackup.Origin, err error) {
	installation := k3s.Installation{DataDir: in.DataDir, ConfigDir: in.ConfigDir}
	switch in.Source {
	case "etcd":
		o.Etcd, err = in.etcd(in.Endpoints, in.CAFile, in.CertFile, in.KeyFile)
		return o, err
	case "k3s":
		ca, certificate, key := installation.Certificates()
		o.Etcd, err = in.etcd([]string{k3s.Endpoint}, ca, certificate, key)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; is this a k3s server with its own etcd? Run it on one, or give data_dir, or another source", err)
		}
	case "file":
		if o.File, err = in.file(installation); err == nil {
			o.Taken, err = k3s.Taken(o.File)
		}
	}
	o.K3s = &installation
	if err == nil && in.wantsToken() {
		o.Token, err = installation.Token()
	}
	o.K3sVersion = k3s.Version(ctx)
	return o, err
}

// file is the given snapshot, or the newest of k3s' own.
func (in params) file(installation k3s.Installation) (string, error) {
	if in.Snapshot != "" {
		return in.Snapshot, nil
	}
	files, err := installation.Snapshots()
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("k3s has no snapshot of its own in %s; name one (snapshot), or back up the running etcd (source k3s)", in.DataDir)
	}
	if err != nil {
		return "", err
	}
	return files[0], nil
}

func (in params) etcd(endpoints []string, ca, certificate, key string) (*source.Etcd, error) {
	config, err := source.TLS(ca, certificate, key)
	if err != nil {
		return nil, err
	}
	if len(in.Endpoints) > 0 {
		endpoints = in.Endpoints
	}
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return &source.Etcd{
		Endpoints: endpoints, TLS: config, Username: in.Username, Password: in.Password,
		Limits: source.Limits{Answer: seconds(in.AnswerTimeout), Snapshot: seconds(in.SnapshotTimeout), Stall: seconds(in.StallTimeout)},
	}, nil
}

// close ends what was opened, and keeps the error.
func (w *wanted) close(err error) error {
	for _, v := range w.vaults {
		err = errors.Join(err, v.Store.Close())
	}
	return err
}
