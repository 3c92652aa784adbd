package host

import (
	"context"

	"github.com/pkg/sftp"
)

// Disk is the files of a machine, for those who need no commands there. Its errors are *fs.PathError, or ErrLost.
type Disk interface {
	disk
	// Place renames a file unless something is under the new name, which is fs.ErrExist.
	Place(from, to string) error
}

// DiskFile is a file of a Disk, open for writing.
type DiskFile = file

// Disks give a Disk for as long as it is used.
type Disks interface {
	// Disk gives the disk; of another machine it connects if need be. The context bounds all that is done until the release.
	Disk(ctx context.Context) (d Disk, release func(), err error)
	Close() error
}

// LocalDisks are those of this machine.
type LocalDisks struct{}

// Disk is of Disks. A file system that hangs is not ended by the context.
func (LocalDisks) Disk(ctx context.Context) (Disk, func(), error) {
	return localDisk{}, func() {}, context.Cause(ctx)
}

// Close is of Disks; there is nothing to close.
func (LocalDisks) Close() error { return nil }

// remoteDisks are of a machine where SFTP may be all one is given.
type remoteDisks struct{ *remote }

// OpenDisks gets ready to reach files by the SFTP that the server offers itself: storage servers give no more than that. Unlike Open it
// connects only when a disk is asked for.
func OpenDisks(o Options) (Disks, error) {
	h, err := prepareSSH(o)
	if err != nil {
		return nil, err
	}
	h.subsystem = true
	return remoteDisks{h}, nil
}

// Disk is of Disks.
func (r remoteDisks) Disk(ctx context.Context) (Disk, func(), error) {
	link, _, err := r.disk(ctx)
	if err != nil {
		return nil, nil, err
	}
	return link.sftp, link.endWith(ctx), nil
}

// offered starts the SFTP that the server offers.
func (l *link) offered() (*sftp.Client, error) {
	client, err := sftp.NewClient(l.client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return nil, l.explain(err)
	}
	return client, nil
}
