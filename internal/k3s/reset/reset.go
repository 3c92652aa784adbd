package reset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/service"
	"github.com/metal-stack/initial-cluster/internal/k3s/settings"
)

// Beginning is a server at which the cluster begins anew.
type Beginning struct {
	K3s      string            // path of the binary; of the release that took the snapshot, or of a later one
	DataDir  string            // k3s'
	Snapshot string            // path of the snapshot, on the host
	Settings settings.Settings // that the server starts with; what leads to other servers is left out
	Lock     string            // path of a file that is locked as long as k3s works, also if whoever began that is killed; empty is none
}

// configFile is there only as long as k3s is reset: it refuses to with settings that lead to other servers (k3s pkg/etcd Reset).
const configFile = settings.Folder + "/reset.yaml"

// Begin has k3s make the server the only one of its cluster, with the data of the snapshot, and does not start it. The token in the settings
// must be that of the snapshot's time. It may be repeated as long as k3s has not been started; what was in etcd's place stays beside it.
func (b Beginning) Begin(ctx context.Context, h host.Host) (err error) {
	content, err := settings.Format(b.config())
	if err != nil {
		return err
	}
	if _, err := h.Write(ctx, host.Text(configFile, 0o600, content)); err != nil {
		return err
	}
	defer func() {
		_, gone := h.Remove(context.WithoutCancel(ctx), configFile)
		err = errors.Join(err, gone)
	}()
	words := []string{b.K3s, "server", "--config=" + configFile, "--cluster-reset", "--cluster-reset-restore-path=" + b.Snapshot}
	if b.Lock != "" {
		words = append([]string{"flock", b.Lock}, words...)
	}
	_, err = h.Run(ctx, host.Words(words...))
	if err != nil {
		return fmt.Errorf("begin anew from %s: %w", b.Snapshot, explained(err))
	}
	return b.check(ctx, h)
}

func (b Beginning) config() map[string]any {
	config := map[string]any{}
	for name, values := range b.Settings {
		config[name] = values
	}
	for _, name := range []string{"server", "cluster-init", "config"} {
		delete(config, name)
	}
	if _, given := config["etcd-s3"]; given {
		config["etcd-s3"] = false // or k3s looks for the snapshot there
	}
	config["data-dir"] = b.DataDir
	return config
}

// check looks for the data: k3s' exit code alone would have to be believed.
func (b Beginning) check(ctx context.Context, h host.Host) error {
	log := path.Join(b.DataDir, "server/db/etcd/member/wal")
	_, err := h.Stat(ctx, log)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("begin anew from %s: k3s ended well, and there is no %s", b.Snapshot, log)
	}
	return err
}

// explained is k3s' own words and what to do, where it has said why it failed.
func explained(err error) error {
	var failed *host.RunError
	if !errors.As(err, &failed) {
		return err
	}
	if reason := service.Why(strings.Split(failed.Stderr, "\n")); reason.Said != "" {
		return errors.New(reason.String())
	}
	return err
}
