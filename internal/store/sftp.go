package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"strconv"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// OpenSFTP gets ready to use a folder of an SFTP server, which must be there; a path that is not absolute begins where the login does.
// The server need not run commands. Nothing is sent yet.
func OpenSFTP(o host.Options, folder string, l Limits) (Store, error) {
	if folder == "" || path.Clean(folder) == "/" {
		return nil, fmt.Errorf("folder %q: a path below / is wanted", folder)
	}
	disks, err := host.OpenDisks(o)
	if err != nil {
		return nil, err
	}
	folder = path.Clean(folder)
	name := "sftp://" + net.JoinHostPort(o.Host, strconv.Itoa(cmp.Or(o.Port, 22))) + path.Join("/", folder)
	return guarded(&files{disks: disks, root: folder, name: name, reason: lost}, l), nil
}

// lost are the problems of the connection, which tell what to do by themselves.
func lost(err error) *problem {
	var network *net.OpError
	switch {
	case errors.Is(err, host.ErrLost), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &problem{why: err.Error(), next: "check the network", temporary: true}
	case errors.As(err, &network) && network.Op == "dial": // the host says what to do
		return &problem{why: err.Error(), temporary: true}
	case errors.As(err, &network):
		return &problem{why: err.Error(), next: "check the network and the server", temporary: true}
	case errors.Is(err, host.ErrConnect):
		return &problem{why: err.Error(), kind: ErrDenied}
	}
	return nil
}
