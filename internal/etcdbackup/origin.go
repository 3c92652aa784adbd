package etcdbackup

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/k3s"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/manifest"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/source"
)

// Origin is where a snapshot comes from.
type Origin struct {
	Etcd  *source.Etcd      // a running one
	File  string            // or a file that holds a snapshot
	Taken time.Time         // when that was; zero is now
	K3s   *k3s.Installation // whose etcd that is; nil for others
	// What goes with the snapshot of K3s.
	Token      string // the server's
	K3sVersion string
}

// opened is an origin that can give a snapshot now.
type opened struct {
	Origin
	member *source.Member // nil for a file
	asked  []string       // the endpoints of members so far
	size   int64          // of the snapshot, roughly
}

func (o Origin) open(ctx context.Context) (*opened, error) {
	if o.Etcd == nil {
		size, err := source.Size(o.File)
		return &opened{Origin: o, size: size}, err
	}
	member, err := o.Etcd.Choose(ctx)
	if err != nil {
		return nil, err
	}
	member.Warnings = append(member.Warnings, o.Etcd.Health(ctx, member)...)
	return &opened{o, member, []string{member.Endpoint}, member.Size}, nil
}

func (o *opened) close() error {
	if o.member == nil {
		return nil
	}
	return o.member.Close()
}

// another goes on with a member that was not asked yet. Without one it gives the error for which the one before was given up.
func (o *opened) another(ctx context.Context, why error) error {
	if o.member == nil || ctx.Err() != nil {
		return why
	}
	left := *o.Etcd
	left.Endpoints = slices.DeleteFunc(slices.Clone(left.Endpoints), func(endpoint string) bool { return slices.Contains(o.asked, endpoint) })
	if len(left.Endpoints) == 0 {
		return why
	}
	member, err := left.Choose(ctx)
	if err != nil {
		return fmt.Errorf("%w; %w", why, err)
	}
	_ = o.member.Close() // of what it said nothing is used
	o.member, o.asked = member, append(o.asked, member.Endpoint)
	return nil
}

func (o *opened) save(ctx context.Context, to io.Writer) error {
	if o.member == nil {
		return source.Copy(o.File, to)
	}
	return o.member.Save(ctx, to)
}

func (o *opened) warnings() []string {
	if o.member == nil {
		return nil
	}
	return o.member.Warnings
}

// describe tells where it comes from, in what everybody may know.
func (o *opened) describe(m *manifest.Manifest) {
	switch {
	case o.member == nil:
		m.Source = "file"
	case o.K3s != nil:
		m.Source = "k3s"
	default:
		m.Source = "etcd"
	}
	if o.member != nil {
		m.EtcdVersion = o.member.Version
	}
	m.K3sVersion = o.K3sVersion
}
