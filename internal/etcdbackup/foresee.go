package etcdbackup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
)

// foresee describes the backup as far as the source can tell without giving a snapshot: as much as it takes to see that a run would end with the
// one that is there.
func (r *run) foresee(ctx context.Context) error {
	good := r.past.good()
	if len(good) == 0 {
		return nil
	}
	if r.from.member == nil {
		read := &summing{to: io.Discard, hash: sha256.New()}
		if err := source.Copy(r.from.File, read); err != nil {
			return err
		}
		r.facts.Size, r.facts.SHA256 = read.size, hex.EncodeToString(read.hash.Sum(nil))
		r.describe()
		return nil
	}
	newest := good[0]
	if r.facts.Revision = r.from.member.Revision; r.facts.Revision != newest.Revision {
		return nil
	}
	state, err := r.from.member.At(ctx, r.facts.Revision)
	if err != nil {
		return nil // that is for the run to tell, which may ask another member
	}
	if r.state = &state; !strings.HasPrefix(newest.Lineage, lineageOfEtcd) {
		r.facts.KubernetesUID = newest.Lineage // it is among the keys, so it is the same where their hash is
	}
	r.describe()
	return nil
}
