package etcdbackup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/seal"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// acknowledge puts a backup into the store and gives no error only if the store has it: the content first, which is then read back and
// compared; the manifest last, once it is proved that the content opens. What is cut off before has no manifest and is no backup.
func (v Vault) acknowledge(ctx context.Context, m manifest.Manifest, content *os.File, proved func() error) error {
	wait.Report(ctx, "%s: upload %d MiB", v.Store, m.Content.Size>>20)
	c := store.Content{Name: m.Object, Data: content, Size: m.Content.Size, SHA256: m.Content.SHA256, IfAbsent: true}
	if err := v.Store.Put(ctx, c); err != nil {
		return err
	}
	wait.Report(ctx, "%s: read back", v.Store)
	if err := v.download(ctx, m, io.Discard); err != nil {
		return fmt.Errorf("%s: read back %s: %w; nothing was acknowledged, run it again", v.Store, m.Object, err)
	}
	if err := proved(); err != nil {
		return err
	}
	stored, err := m.Sign(v.Keys.Signing)
	if err != nil {
		return err
	}
	if err := v.put(ctx, v.path(m.Name, manifestFile), stored); err != nil {
		return err
	}
	back, err := v.get(ctx, v.path(m.Name, manifestFile))
	if err == nil && !bytes.Equal(back, stored) {
		err = fmt.Errorf("%s: read back the manifest of %s: it is not what was written; run it again", v.Store, m.Name)
	}
	if err == nil {
		_, err = v.Store.Stat(ctx, m.Object) // until it had a manifest, somebody might take it for a leftover
	}
	return err
}

func (v Vault) put(ctx context.Context, name string, content []byte) error {
	sum := sha256.Sum256(content)
	return v.Store.Put(ctx, store.Content{Name: name, Data: bytes.NewReader(content), Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])})
}

// readBack reads the whole content from the store, and compares it at both ends: as it is stored, and opened, if it can be.
func (v Vault) readBack(ctx context.Context, m manifest.Manifest, identities []age.Identity) error {
	if m.Encrypted && len(identities) == 0 {
		return v.download(ctx, m, io.Discard)
	}
	from, to := io.Pipe()
	opened := make(chan error, 1)
	go func() {
		err := open(ctx, m, from, identities, io.Discard, nil)
		_, _ = io.Copy(io.Discard, from) // so that the store's sum tells of the whole
		opened <- err
	}()
	err := v.download(ctx, m, to)
	_ = to.CloseWithError(err) // a nil error is the end
	if inner := <-opened; err == nil && inner != nil {
		return fmt.Errorf("%w: it cannot be opened: %w", store.ErrCorrupt, inner)
	}
	return err
}

// download reads the stored content and compares its sum.
func (v Vault) download(ctx context.Context, m manifest.Manifest, to io.Writer) error {
	within := &atMost{to, m.Content.Size}
	sum, err := v.Store.Get(ctx, m.Object, within)
	if within.left < 0 {
		return fmt.Errorf("%w: more than its %d bytes came", errOtherSize, m.Content.Size)
	}
	if err != nil {
		return err
	}
	if sum.Size != m.Content.Size {
		return fmt.Errorf("%w: %d bytes of its %d came", errOtherSize, sum.Size, m.Content.Size)
	}
	if sum.SHA256 != m.Content.SHA256 {
		return fmt.Errorf("%w: it has %s and must have %s", store.ErrCorrupt, manifest.Sum(sum), m.Content)
	}
	return nil
}

// errOtherSize is that less or more is read than what is listed, or was put. That a store lost some of it would show in its list, so it is lost on
// the way.
var errOtherSize = fmt.Errorf("%w: not as long as it must be", store.ErrCorrupt)

// atMost takes no more than so many bytes, so that what somebody put in a content's place does not fill the disk.
type atMost struct {
	io.Writer
	left int64
}

func (a *atMost) Write(p []byte) (int, error) {
	if a.left -= int64(len(p)); a.left < 0 {
		return 0, store.ErrCorrupt
	}
	return a.Writer.Write(p)
}

// maxBeside bounds the files beside a database, all together and with a block of tar for each, in bytes: what is read before its sum is known
// must come to an end.
const (
	maxBeside = 64 << 20
	tarBlock  = 512
)

// open opens a content, writes its database, shows the other files, and compares the database with the manifest.
func open(ctx context.Context, m manifest.Manifest, from io.Reader, identities []age.Identity, database io.Writer, show func(string, io.Reader) error) error {
	if !m.Encrypted {
		identities = nil
	}
	hash, size, beside := sha256.New(), int64(-1), int64(0)
	err := seal.Open(ctx, from, identities, func(name string, declared int64, content io.Reader) (err error) {
		isDatabase := name == databaseFile && size < 0
		if !isDatabase {
			beside += declared + tarBlock
		}
		switch {
		case isDatabase && declared != m.Snapshot.Size:
			return fmt.Errorf("%w: it has %d bytes and must have %d", store.ErrCorrupt, declared, m.Snapshot.Size)
		case beside > maxBeside:
			return fmt.Errorf("%w: there are more than %d MiB beside the database", store.ErrCorrupt, maxBeside>>20)
		case isDatabase:
			size, err = io.Copy(io.MultiWriter(hash, database), content)
		case show != nil:
			err = show(name, content)
		}
		return err
	})
	var stranger *age.NoIdentityMatchError
	if errors.As(err, &stranger) {
		return errNoKey
	}
	if err != nil {
		return err
	}
	if got := (manifest.Sum{Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}); got != m.Snapshot {
		return fmt.Errorf("%w: its database has %s and must have %s", store.ErrCorrupt, got, m.Snapshot)
	}
	return nil
}
