// Package host is where commands run and files land: on this machine, or on another one over SSH and SFTP. Both kinds behave alike,
// and testing/hosttest holds them to it. What the commands and files mean is its callers' business.
package host

import (
	"context"
	"io"
	"io/fs"
	"net"
	"time"
)

// Host is a machine, this one or another. Paths are absolute. Its methods may be called from several goroutines.
type Host interface {
	// Run runs a command and waits for its end. An exit code other than 0 is a *RunError. When the context ends, so do the command and
	// what it has started in its process group: asked by SIGTERM, five seconds later by SIGKILL.
	Run(ctx context.Context, c Command) (Output, error)
	// Read opens a file to be streamed; the caller closes it. The context bounds the reading, too.
	Read(ctx context.Context, path string) (io.ReadCloser, error)
	// Write makes what is at a path be as wanted, and tells whether that was a change. Whoever looks sees the old or the new, nothing
	// between. It may be repeated: a big file of which a part arrived is continued, and one that is there is not sent again.
	Write(ctx context.Context, f File) (changed bool, err error)
	// Stat tells what is at a path; a link is not followed. Nothing there is fs.ErrNotExist.
	Stat(ctx context.Context, path string) (Info, error)
	// Remove removes what is at a path, a folder with all in it, a link without what it leads to. Nothing there is no error.
	Remove(ctx context.Context, path string) (changed bool, err error)
	// Dial connects to a TCP address as programs on the host do, until one closes the connection or the host. Over SSH the server must
	// allow it (AllowTcpForwarding).
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Close ends the connection; it may be repeated. Files still being read end with it.
	Close() error
}

// Command is a program with its arguments. It runs in the folder /, and with LC_ALL=C so that its texts are everywhere the same.
type Command struct {
	Words  []string          // as the program gets them: no shell reads them, any byte but 0 may stand in them
	Env    map[string]string // beside the environment the host gives; nobody else sees it, so secrets may be in it
	Stdin  io.Reader         // nil is empty
	Stdout io.Writer         // gets what the command prints while it runs; nil collects it in Output, up to MaxOutput
}

// Words is a command without more.
func Words(words ...string) Command { return Command{Words: words} }

// Output is what a command printed. Of stderr the last MaxStderr bytes are kept.
type Output struct{ Stdout, Stderr string }

// The bounds of what is kept of a command's output, in bytes. More on Stdout is an error unless the command has a writer for it.
const (
	MaxOutput = 16 << 20
	MaxStderr = 64 << 10
)

// File is what Write makes. The bits of the mode that are a type (fs.ModeDir, fs.ModeSymlink) say what kind of thing it is.
type File struct {
	Path    string
	Mode    fs.FileMode
	Owner   string        // user or user:group, by name or number; empty keeps whom it belongs to, and for a new one is who writes
	Content io.ReadSeeker // read from its beginning; of a link where it leads, of a folder nil
	Sum     string        // the content's SHA-256 in hexadecimal, where it is known; it spares a reading
}

// Info is what Stat tells.
type Info struct {
	Mode     fs.FileMode // with its type
	Size     int64
	Modified time.Time // in whole seconds
	UID, GID int
	Target   string   // of a link
	Names    []string // of what is in a folder, sorted
}

// Open opens the host that the options lead to, or this machine if there are none; the caller closes it.
func Open(ctx context.Context, o *Options) (Host, error) {
	if o == nil {
		return Local{}, nil
	}
	return openSSH(ctx, *o)
}
