package stores

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/internal/store"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
	"github.com/metal-stack/initial-cluster/modules/internal/target"
)

// Params are the value of Option, to be embedded in a module's params.
type Params struct {
	Stores []Store `ansible:"stores"`
}

// Store is one of them. Of the kinds one is given.
type Store struct {
	Folder       string `ansible:"folder"`
	S3           *S3    `ansible:"s3"`
	SFTP         *SFTP  `ansible:"sftp"`
	GCS          *GCS   `ansible:"gcs"`
	Timeout      int    `ansible:"timeout"`
	StallTimeout int    `ansible:"stall_timeout"`
}

// S3 are the suboptions.
type S3 struct {
	Bucket       string `ansible:"bucket"`
	Prefix       string `ansible:"prefix"`
	Endpoint     string `ansible:"endpoint"`
	Region       string `ansible:"region"`
	BucketLookup string `ansible:"bucket_lookup"`
	AccessKey    string `ansible:"access_key"`
	SecretKey    string `ansible:"secret_key"`
	SessionToken string `ansible:"session_token"`
	CAFile       string `ansible:"ca_file"`
	CACert       string `ansible:"ca_cert"`
}

// SFTP are the suboptions.
type SFTP struct {
	Path string     `ansible:"path"`
	SSH  target.SSH `ansible:"ssh"`
}

// GCS are the suboptions.
type GCS struct {
	Bucket   string       `ansible:"bucket"`
	Prefix   string       `ansible:"prefix"`
	Endpoint string       `ansible:"endpoint"`
	CAFile   string       `ansible:"ca_file"`
	CACert   string       `ansible:"ca_cert"`
	Google   *auth.Params `ansible:"google"`
}

// Open opens all stores, or none; the caller closes them. A server is not asked anything yet, Google's of a machine for its account apart.
func (p Params) Open(ctx context.Context) (opened []store.Store, err error) {
	var problems []string
	for i, s := range p.Stores {
		one, err := s.open(ctx)
		if err != nil {
			problems = append(problems, fmt.Sprintf("stores[%d]: %v", i, err))
			continue
		}
		opened = append(opened, one)
	}
	if len(problems) > 0 {
		return nil, errors.Join(errors.New(strings.Join(problems, "; ")), Close(opened))
	}
	return opened, nil
}

// Close closes stores.
func Close(opened []store.Store) error {
	var problems []error
	for _, s := range opened {
		problems = append(problems, s.Close())
	}
	return errors.Join(problems...)
}

func (s Store) open(ctx context.Context) (store.Store, error) {
	l := store.Limits{Deadline: time.Duration(s.Timeout) * time.Second, Stall: time.Duration(s.StallTimeout) * time.Second}
	switch {
	case s.S3 != nil:
		o := s.S3
		return store.OpenS3(store.S3{
			Endpoint: o.Endpoint, Region: o.Region, Bucket: o.Bucket, Prefix: o.Prefix, AccessKey: o.AccessKey, SecretKey: o.SecretKey,
			SessionToken: o.SessionToken, CAFile: o.CAFile, CACert: o.CACert, Lookup: o.BucketLookup,
		}, l)
	case s.SFTP != nil:
		return store.OpenSFTP(s.SFTP.SSH.HostOptions(), s.SFTP.Path, l)
	case s.GCS != nil:
		credentials, err := s.GCS.credentials(ctx)
		if err != nil {
			return nil, err
		}
		return store.OpenGCS(store.GCS{Endpoint: s.GCS.Endpoint, Bucket: s.GCS.Bucket, Prefix: s.GCS.Prefix, CAFile: s.GCS.CAFile, CACert: s.GCS.CACert, Credentials: credentials}, l)
	}
	return store.OpenFolder(s.Folder, l)
}

func (g GCS) credentials(ctx context.Context) (*gcp.Credentials, error) {
	var google auth.Params
	if g.Google != nil {
		google = *g.Google
	}
	return google.Open(ctx, "")
}

// Problems are what is wrong with the options beyond their types, all of it.
func (p Params) Problems() []string {
	if len(p.Stores) == 0 {
		return []string{"stores: give at least one"}
	}
	var problems []string
	places := map[string]int{}
	for i, s := range p.Stores {
		for _, problem := range s.problems() {
			problems = append(problems, fmt.Sprintf("stores[%d].%s", i, problem))
		}
		if first, twice := places[s.place()]; twice {
			problems = append(problems, fmt.Sprintf("stores[%d]: it is the same as stores[%d]; leave one of the two out", i, first))
		} else {
			places[s.place()] = i
		}
	}
	return problems
}

// place tells stores apart.
func (s Store) place() string {
	switch {
	case s.S3 != nil:
		return strings.Join([]string{"s3", s.S3.Endpoint, s.S3.Bucket, s.S3.Prefix}, " ")
	case s.SFTP != nil:
		return fmt.Sprint("sftp ", s.SFTP.SSH.Host, s.SFTP.SSH.Port, s.SFTP.SSH.User, " ", s.SFTP.Path)
	case s.GCS != nil:
		return strings.Join([]string{"gcs", s.GCS.Endpoint, s.GCS.Bucket, s.GCS.Prefix}, " ")
	}
	return s.Folder
}

func (s Store) problems() []string {
	var c complaints
	switch {
	case s.S3 != nil:
		c.bucket("s3", s.S3.Bucket, s.S3.Prefix)
		c.endpoint("s3", s.S3.Endpoint, s3URL, "https://minio.example:9000")
		c.add(strings.ContainsAny(s.S3.SecretKey, " \n"), "s3.secret_key: it has white space in it; is it of a file read as a whole?")
	case s.SFTP != nil:
		c.add(filepath.Clean(s.SFTP.Path) == "/" || s.SFTP.Path == "", "sftp.path: %q is no folder for backups; name one below /", s.SFTP.Path)
		c.add(s.SFTP.SSH.Sudo, "sftp.ssh.sudo: not with files alone; log in as who may write them")
		c.below("sftp.", target.Params{SSH: &s.SFTP.SSH}.Problems())
	case s.GCS != nil:
		c.bucket("gcs", s.GCS.Bucket, s.GCS.Prefix)
		c.endpoint("gcs", s.GCS.Endpoint, httpsURL, "https://storage.googleapis.com")
		if s.GCS.Google != nil {
			c.below("gcs.google.", s.GCS.Google.Problems())
		}
	default:
		c.add(!filepath.IsAbs(s.Folder) || filepath.Clean(s.Folder) == "/", "folder: %q is no absolute path below /", s.Folder)
	}
	c.add(s.Timeout < 1, "timeout: at least 1 second is wanted")
	c.add(s.StallTimeout < 1, "stall_timeout: at least 1 second is wanted")
	return c
}

// complaints are what is wrong with one store.
type complaints []string

func (c *complaints) add(wrong bool, format string, args ...any) {
	if wrong {
		*c = append(*c, fmt.Sprintf(format, args...))
	}
}

func (c *complaints) below(prefix string, problems []string) {
	for _, problem := range problems {
		*c = append(*c, prefix+problem)
	}
}

var (
	// Of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; Google allows "_", too.
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)
	prefixForm = regexp.MustCompile(`^([A-Za-z0-9_-][A-Za-z0-9._-]*(/|$))*$`)
	s3URL      = regexp.MustCompile(`^https?://[^/@\s]+/?$`)
	httpsURL   = regexp.MustCompile(`^https://[^/@\s]+/?$`)
)

func (c *complaints) bucket(kind, bucket, prefix string) {
	c.add(!bucketForm.MatchString(bucket), "%s.bucket: %q is no name of a bucket", kind, bucket)
	c.add(!prefixForm.MatchString(prefix) || strings.HasSuffix(prefix, "/"), "%s.prefix: %q is no prefix; words of letters, digits, '.', '_' and '-' with slashes between are", kind, prefix)
}

func (c *complaints) endpoint(kind, endpoint string, form *regexp.Regexp, like string) {
	c.add(endpoint != "" && !form.MatchString(endpoint), "%s.endpoint: %q is no URL of a server, as %s is", kind, endpoint, like)
}
