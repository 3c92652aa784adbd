package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 leads to a bucket of Amazon S3, or of whatever speaks its protocol.
type S3 struct {
	Endpoint     string // https://minio.example:9000; empty is Amazon's
	Region       string // empty: the server is asked
	Bucket       string
	Prefix       string // of all names, without a slash at its ends; may be empty
	AccessKey    string
	SecretKey    string // secret
	SessionToken string // secret; may be empty
	CAFile       string // certificates of the server's authority, beside those of the machine
	CACert       string // the same, as text
	Lookup       string // how a bucket is named in requests: "path", "dns", or "auto"
}

// s3 is a bucket, or a part of one.
type s3 struct {
	options S3
	name    string
	web     *web
	core    minio.Core
}

// amazon is Amazon's endpoint of no region; the client finds that of the bucket's.
const amazon = "https://s3.amazonaws.com"

var lookups = map[string]minio.BucketLookupType{"": minio.BucketLookupAuto, "auto": minio.BucketLookupAuto, "path": minio.BucketLookupPath, "dns": minio.BucketLookupDNS}

// OpenS3 gets ready to use a bucket; nothing is sent yet.
func OpenS3(o S3, l Limits) (Store, error) {
	s, err := openS3(o)
	if err != nil {
		return nil, err
	}
	return guarded(s, l), nil
}

func openS3(o S3) (*s3, error) {
	s := &s3{options: o, name: strings.TrimSuffix("s3://"+o.Bucket+"/"+o.Prefix, "/")}
	if o.Endpoint != "" {
		s.name += " at " + o.Endpoint
	}
	where, err := url.Parse(cmp.Or(o.Endpoint, amazon))
	if err != nil || where.Host == "" || where.Scheme != "https" && where.Scheme != "http" || strings.Trim(where.Path, "/") != "" || where.User != nil {
		return nil, fmt.Errorf("endpoint %q: a URL as https://minio.example:9000 is wanted", o.Endpoint)
	}
	lookup, known := lookups[o.Lookup]
	if !known {
		return nil, fmt.Errorf("lookup %q: auto, path or dns is wanted", o.Lookup)
	}
	if s.web, err = openWeb(o.CAFile, o.CACert); err != nil {
		return nil, err
	}
	core, err := minio.NewCore(where.Host, &minio.Options{
		Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, o.SessionToken), Secure: where.Scheme == "https", Region: o.Region,
		BucketLookup: lookup, Transport: s.web, MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", o.Endpoint, err)
	}
	s.core = *core
	return s, nil
}

func (s *s3) String() string { return s.name }
func (s *s3) Close() error   { return s.web.close() }

// key is the name of a content in the bucket.
func (s *s3) key(name string) string { return under(s.options.Prefix, name) }

// under puts a name below a prefix of a bucket.
func under(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "/" + name
}

func (s *s3) get(ctx context.Context, name string, from int64) (io.ReadCloser, string, error) {
	var o minio.GetObjectOptions
	if from > 0 {
		if err := o.SetRange(from, 0); err != nil {
			return nil, "", err
		}
	}
	body, info, _, err := s.core.GetObject(ctx, s.options.Bucket, s.key(name), o)
	return body, info.ETag, err
}

func (s *s3) stat(ctx context.Context, name string) (Info, error) {
	found, err := s.core.StatObject(ctx, s.options.Bucket, s.key(name), minio.StatObjectOptions{})
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return Info{}, s.missing(ctx, err)
	}
	if err != nil {
		return Info{}, err
	}
	info := Info{Name: name, Size: found.Size, Modified: found.LastModified, SHA256: found.UserMetadata[sumKey]}
	info.Held = found.Metadata.Get("X-Amz-Object-Lock-Legal-Hold") == "ON"
	if until, err := time.Parse(time.RFC3339, found.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date")); err == nil {
		info.Retained = until
	}
	return info, nil
}

// missing finds out what is not there, which the answer to HEAD does not tell: the content, the bucket or the key.
func (s *s3) missing(ctx context.Context, absent error) error {
	for found := range s.core.ListObjectsIter(ctx, s.options.Bucket, minio.ListObjectsOptions{Prefix: s.key(""), MaxKeys: 1}) {
		if found.Err != nil {
			return found.Err
		}
		break
	}
	return absent
}

func (s *s3) list(ctx context.Context, prefix string, found func(Info)) error {
	last := ""
	for object := range s.core.ListObjectsIter(ctx, s.options.Bucket, minio.ListObjectsOptions{Prefix: s.key(prefix), Recursive: true}) {
		if object.Err != nil {
			return object.Err
		}
		name := strings.TrimPrefix(object.Key, s.key(""))
		if object.Key <= last {
			return halfList("the server lists %q behind %q", name, strings.TrimPrefix(last, s.key("")))
		}
		last = object.Key
		found(Info{Name: name, Size: object.Size, Modified: object.LastModified})
	}
	return context.Cause(ctx) // an ended context ends the list without an error
}

func (s *s3) delete(ctx context.Context, name string) error {
	info, err := s.stat(ctx, name)
	if err != nil {
		if errors.Is(explained(s, err), fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := retained(info); err != nil {
		return err
	}
	return s.core.RemoveObject(ctx, s.options.Bucket, s.key(name), minio.RemoveObjectOptions{})
}

// retained refuses to delete what the store must keep. A server would let a version be hidden nevertheless.
func retained(info Info) error {
	switch {
	case info.Held:
		return &problem{why: "the store keeps it (legal hold)", next: "end the hold, or keep it", kind: ErrRetained}
	case info.Retained.After(time.Now()):
		return &problem{why: "the store keeps it until " + info.Retained.UTC().Format(time.RFC3339) + " (retention)", next: "delete it after that", kind: ErrRetained}
	}
	return nil
}

func (s *s3) sweep(ctx context.Context, age time.Duration) (swept int, err error) {
	for left := range s.core.ListIncompleteUploads(ctx, s.options.Bucket, s.key(""), true) {
		switch {
		case err != nil: // the rest of the channel ends with it
		case left.Err != nil:
			err = left.Err
		case time.Since(left.Initiated) >= age:
			swept++
			err = s.core.AbortMultipartUpload(ctx, s.options.Bucket, left.Key, left.UploadID)
		}
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return swept, err
}
