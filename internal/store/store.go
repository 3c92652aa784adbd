// Package store keeps named contents in folders, on SFTP servers, in S3-compatible buckets and in Google Cloud Storage. All kinds behave
// alike, and testing/storetest holds them to it. What the contents mean, and which may be deleted, is its callers' business.
package store

import (
	"context"
	"errors"
	"io"
	"time"
)

// Store is a place for contents under names. Its methods may be called from several goroutines. Each ends by itself: at its context's
// end, at Limits.Deadline, or when nothing moves for Limits.Stall and trying again does not help. What may be repeated without harm is
// tried again by itself. Errors are *Error.
type Store interface {
	// Put puts a content under its name, as a whole or not at all. It reads the content once or more; a content that does not fit its
	// Size and SHA256 is ErrCorrupt and is not put. An upload that is cut off goes on from where it was.
	Put(ctx context.Context, c Content) error
	// Get writes the content to a writer and tells what was written. A download that is cut off goes on from where it was, unless the
	// content is another one meanwhile (ErrCorrupt). Nothing under that name is fs.ErrNotExist. What is read is only as good as its
	// Sum: compare that before it is used.
	Get(ctx context.Context, name string, to io.Writer) (Sum, error)
	// Stat tells of one content. Nothing under that name is fs.ErrNotExist.
	Stat(ctx context.Context, name string) (Info, error)
	// List tells of all contents whose names begin with the prefix, in the order of their names. With ErrPartial there may be more
	// than those it returns; with any other error nothing is known. Nothing below the prefix is an empty list.
	List(ctx context.Context, prefix string) ([]Info, error)
	// Delete deletes what is under a name; nothing there is no error. What the store must keep is ErrRetained and stays. In a bucket
	// with versions the name is gone and the version stays for the bucket's lifecycle rules.
	Delete(ctx context.Context, name string) error
	// Sweep removes what Puts left behind that were killed longer ago than that, and tells how many there were. None of it was ever
	// listed.
	Sweep(ctx context.Context, age time.Duration) (int, error)
	// Close ends connections; it may be repeated.
	Close() error
	// String is how people know the store: s3://bucket/prefix.
	String() string
}

// Content is what Put puts.
type Content struct {
	// Name is words of letters, digits, ".", "_" and "-" between slashes. No word begins with a dot.
	Name   string
	Data   io.ReaderAt // not changed while it is put
	Size   int64       // in bytes
	SHA256 string      // in hexadecimal
	// IfAbsent puts it only if nothing is under the name; else it is fs.ErrExist. Of several who try at the same time one succeeds,
	// up to AtomicSize; above, S3 servers do not all see to that, so give such contents names of their own.
	IfAbsent bool
}

// AtomicSize is up to how many bytes every kind of store keeps IfAbsent also against those who try at the same time: what S3 is sent in
// one request.
const AtomicSize = 16 << 20

// Sum tells what was read.
type Sum struct {
	Size   int64
	SHA256 string // in hexadecimal
}

// Info tells of one content.
type Info struct {
	Name     string
	Size     int64
	Modified time.Time // by the store's clock
	SHA256   string    // as it was said at its Put; empty where the store keeps no such thing, and in lists
	Retained time.Time // until when the store keeps it from being deleted; zero if it does not, and in lists
	Held     bool      // the store keeps it until somebody ends that (legal hold); false in lists
}

// The errors that callers tell apart by errors.Is, beside fs.ErrExist and fs.ErrNotExist.
var (
	ErrPartial  = errors.New("partial list")
	ErrRetained = errors.New("retained")
	ErrCorrupt  = errors.New("corrupt content")
	ErrFull     = errors.New("no space left")
	ErrDenied   = errors.New("no access")
)

// Limits bound an operation. What is zero is as in DefaultLimits.
type Limits struct {
	Deadline time.Duration // of one operation, all attempts together
	Stall    time.Duration // without a byte for that long an attempt is given up
	Attempts int           // how often is tried what gets no further
}

// DefaultLimits are those of Limits that say nothing.
var DefaultLimits = Limits{Deadline: 15 * time.Minute, Stall: 30 * time.Second, Attempts: 5}
