package etcdbackup

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
)

// sameCluster refuses to put a cluster of a lineage in the place of another, whose database is stopped and below a folder. What cannot be read
// takes no harm: it is moved aside.
func (r Restorer) sameCluster(ctx context.Context, lineage, below string) error {
	file := filepath.Join(below, database, "member/snap/db")
	if r.AcceptOther || lineage == "" || !exists(file) {
		return nil
	}
	have, err := r.Examiner.identify(ctx, file)
	if err != nil {
		return nil
	}
	return fits(have.KubernetesUID, lineage)
}

// sameRunning does so while k3s runs here, which has its database locked. Unknown is why it can't be told; then it is to be stopped and looked at.
func (r Restorer) sameRunning(ctx context.Context, lineage string) (unknown, err error) {
	if r.AcceptOther || lineage == "" {
		return nil, nil
	}
	etcd, err := r.Etcd()
	if err != nil {
		return err, nil
	}
	value, err := etcd.Value(ctx, snapshot.NamespaceKey)
	if err != nil || value == nil {
		return err, nil
	}
	have, err := snapshot.NamespaceUID(value)
	if err != nil {
		return err, nil
	}
	return nil, fits(have, lineage)
}

func fits(have, lineage string) error {
	if have == "" || have == lineage {
		return nil
	}
	return fmt.Errorf("the data on this server is of another cluster (%s) than the backup (%s); say accept_lineage if it is to be replaced", have, lineage)
}
