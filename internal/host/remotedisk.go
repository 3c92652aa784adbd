package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/pkg/sftp"
	"golang.org/x/sys/unix"
)

// remoteDisk is the disk of the other side, over SFTP.
type remoteDisk struct {
	link   *link
	client *sftp.Client
}

// disk gives the connection's disk; the first time the server of SFTP is started.
func (l *link) disk(ctx context.Context) (disk, error) {
	l.files.Lock()
	defer l.files.Unlock()
	if l.sftp != nil {
		return l.sftp, nil
	}
	client, err := l.fileServer(ctx)
	if err != nil {
		return nil, err
	}
	l.sftp = &remoteDisk{link: l, client: client}
	return l.sftp, nil
}

// fileServer starts a server of SFTP.
func (l *link) fileServer(ctx context.Context) (*sftp.Client, error) {
	if l.subsystem {
		return l.offered()
	}
	input, toServer := io.Pipe()
	p, err := l.start(ctx, fileServer, input)
	if err != nil {
		return nil, err
	}
	fromServer, output := io.Pipe()
	copied := p.copyTo(output)
	failed := make(chan error, 1)
	go func() {
		failed <- p.finish(copied)
		_, _ = output.Close(), input.Close() // which ends the client, whatever it does
	}()
	client, err := sftp.NewClientPipe(fromServer, toServer, sftp.UseConcurrentWrites(true))
	if err != nil {
		return nil, l.explain(serverError(p, err, failed))
	}
	return client, nil
}

// serverError is what the server of SFTP says of why it does not serve.
func serverError(p *process, err error, failed <-chan error) error {
	_ = p.channel.Close()
	ended := <-failed
	var exit *exitCode
	if errors.As(ended, &exit) {
		return errors.New("reach its files: " + lastLines(p.said(), 3))
	}
	return first(ended, err)
}

func (d *remoteDisk) Lstat(name string) (fs.FileInfo, error) {
	info, err := d.client.Lstat(name)
	return info, d.explain("stat", name, err)
}

func (d *remoteDisk) Owner(info fs.FileInfo) (uid, gid int) {
	status := info.Sys().(*sftp.FileStat)
	return int(status.UID), int(status.GID)
}

func (d *remoteDisk) Names(name string) ([]string, error) {
	found, err := d.client.ReadDir(name)
	if err != nil {
		return nil, d.explain("list", name, err)
	}
	names := make([]string, len(found))
	for i, info := range found {
		names[i] = info.Name()
	}
	return names, nil
}

func (d *remoteDisk) ReadLink(name string) (string, error) {
	target, err := d.client.ReadLink(name)
	return target, d.explain("readlink", name, err)
}

// readAhead is how much is asked for at once, in bytes: a packet is 32 KiB and takes a round trip.
const readAhead = 2 << 20

func (d *remoteDisk) Open(name string) (io.ReadCloser, error) {
	file, err := d.client.Open(name)
	if err != nil {
		return nil, d.explain("open", name, err)
	}
	source := &explained{d, name, file}
	return &ahead{bufio.NewReaderSize(source, readAhead), source}, nil
}

// ahead is a file that is read ahead.
type ahead struct {
	*bufio.Reader
	file *explained
}

// Seek goes somewhere from the file's beginning or end.
func (a *ahead) Seek(offset int64, whence int) (int64, error) {
	at, err := a.file.Seek(offset, whence)
	a.Reset(a.file)
	return at, a.file.disk.explain("seek", a.file.name, err)
}

func (a *ahead) Close() error { return a.file.Close() }

// explained is a file whose errors are explained.
type explained struct {
	disk *remoteDisk
	name string
	*sftp.File
}

func (e *explained) Read(b []byte) (int, error) {
	n, err := e.File.Read(b)
	return n, e.disk.explain("read", e.name, err)
}

func (e *explained) ReadFrom(content io.Reader) (int64, error) {
	n, err := e.File.ReadFrom(content)
	return n, e.disk.explain("write", e.name, err)
}

func (e *explained) Truncate(size int64) error {
	return e.disk.explain("truncate", e.name, e.File.Truncate(size))
}

// Sync does nothing where the server of SFTP cannot (OpenSSH can since 6.5).
func (e *explained) Sync() error {
	if _, can := e.disk.client.HasExtension("fsync@openssh.com"); !can {
		return nil
	}
	return e.disk.explain("sync", e.name, e.File.Sync())
}

func (d *remoteDisk) Create(name string) (file, error) {
	created, err := d.open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := d.close(name, 0o600); err != nil {
		return nil, errors.Join(err, created.Close())
	}
	return created, nil
}

// close keeps others out of what was made: only a server of SFTP that we start ourselves has our umask.
func (d *remoteDisk) close(name string, mode fs.FileMode) error {
	if !d.link.subsystem {
		return nil
	}
	return d.Chmod(name, mode)
}

func (d *remoteDisk) Append(name string) (file, error) { return d.open(name, os.O_WRONLY) }

func (d *remoteDisk) open(name string, flags int) (file, error) {
	opened, err := d.client.OpenFile(name, flags)
	if err != nil {
		return nil, d.explain("open", name, err)
	}
	return &explained{d, name, opened}, nil
}

func (d *remoteDisk) Mkdir(name string) error {
	if err := d.client.Mkdir(name); err != nil {
		return d.explain("mkdir", name, err)
	}
	return d.close(name, 0o700)
}

func (d *remoteDisk) Symlink(target, name string) error {
	return d.explain("symlink", name, d.client.Symlink(target, name))
}

func (d *remoteDisk) Chmod(name string, mode fs.FileMode) error {
	return d.explain("chmod", name, d.client.Chmod(name, mode))
}

func (d *remoteDisk) Chown(name string, uid, gid int) error {
	if uid < 0 || gid < 0 {
		info, err := d.Lstat(name)
		if err != nil {
			return err
		}
		u, g := d.Owner(info)
		if uid < 0 {
			uid = u
		}
		if gid < 0 {
			gid = g
		}
	}
	return d.explain("chown", name, d.client.Chown(name, uid, gid))
}

func (d *remoteDisk) Rename(from, to string) error {
	return d.explain("rename", to, d.client.PosixRename(from, to))
}

// Place is of Disk. Of the rename without extensions SFTP says that it fails if there is something; OpenSSH makes it of a link.
func (d *remoteDisk) Place(from, to string) error {
	err := d.client.Rename(from, to)
	if err != nil && d.link.lost() == nil {
		if _, there := d.client.Lstat(to); there == nil {
			return &fs.PathError{Op: "rename", Path: to, Err: syscall.EEXIST}
		}
	}
	return d.explain("rename", to, err)
}

func (d *remoteDisk) Remove(name string) error {
	return d.explain("remove", name, d.client.Remove(name))
}

// SyncFolder cannot be had over SFTP: after a power cut right behind a rename the old file may be there again, as a whole.
func (d *remoteDisk) SyncFolder(string) error { return nil }

// explain makes of SFTP's few errors what the other kind of host would say.
func (d *remoteDisk) explain(what, name string, err error) error {
	if err == nil || errors.Is(err, io.EOF) && d.link.lost() == nil {
		return err
	}
	if lost := d.link.lost(); lost != nil {
		return lost
	}
	var status *sftp.StatusError
	switch {
	case errors.Is(err, sftp.ErrSSHFxConnectionLost), errors.Is(err, io.ErrClosedPipe):
		d.link.fail(errors.New("the server of SFTP ended"))
		return d.link.lost()
	case errors.Is(err, fs.ErrNotExist):
		err = syscall.ENOENT
	case errors.Is(err, fs.ErrPermission):
		err = syscall.EACCES
	case errors.As(err, &status):
		err = d.failure(name)
	}
	return &fs.PathError{Op: what, Path: name, Err: err}
}

// failure finds out what SFTP calls a failure and no more.
func (d *remoteDisk) failure(name string) error {
	system, err := d.client.StatVFS(path.Dir(name))
	switch {
	case err != nil:
	case system.Flag&unix.ST_RDONLY != 0:
		return syscall.EROFS
	case system.Bavail == 0:
		return syscall.ENOSPC
	}
	return errors.New("the host's SFTP tells no reason")
}
