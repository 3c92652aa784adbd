package reset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Parts of a folder of data that are set aside. A server that begins gives up etcd's alone: all else k3s takes from the snapshot. One that
// joins gives up what it has from the cluster, too: k3s does not start with a secret that is newer than the cluster's.
var (
	Begins = []string{"server/db/etcd"}
	Joins  = append(Begins, "server/tls", "server/cred", "server/token", "server/agent-token", "server/node-token")
)

// Aside renames parts of a folder of data, of a server that does not run, and gives their new paths. Those that are not there are left out:
// it may be repeated. etcd's is the first: a server that is started by accident between two of them has nothing to go on with.
func Aside(ctx context.Context, h host.Host, dataDir string, parts []string) ([]string, error) {
	var moved []string
	suffix := fmt.Sprintf("-aside-%d", time.Now().Unix())
	for _, part := range parts {
		from := path.Join(dataDir, part)
		_, err := h.Stat(ctx, from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = h.Run(ctx, host.Words("mv", "-T", from, from+suffix))
		}
		if err != nil {
			return moved, fmt.Errorf("set %s aside: %w", from, err)
		}
		moved = append(moved, from+suffix)
	}
	return moved, nil
}
