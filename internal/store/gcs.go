package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/gcp"
)

// GCS leads to a bucket of Google Cloud Storage.
type GCS struct {
	Endpoint    string // empty is Google's; others are of Private Service Connect
	Bucket      string
	Prefix      string // of all names, without a slash at its ends; may be empty
	Credentials *gcp.Credentials
	CAFile      string // certificates of the server's authority, beside those of the machine
	CACert      string // the same, as text
}

// google is Google's endpoint, and the paths below are of its JSON API: https://cloud.google.com/storage/docs/json_api/v1
const google = "https://storage.googleapis.com"

// gcs is a bucket, or a part of one.
type gcs struct {
	options GCS
	name    string
	web     *web
	client  *http.Client
}

// OpenGCS gets ready to use a bucket; nothing is sent yet.
func OpenGCS(o GCS, l Limits) (Store, error) {
	g := &gcs{options: o, name: strings.TrimSuffix("gs://"+o.Bucket+"/"+o.Prefix, "/")}
	if o.Endpoint != "" {
		g.name += " at " + o.Endpoint
	}
	where, err := url.Parse(cmp.Or(o.Endpoint, google))
	if err != nil || where.Host == "" || where.Scheme != "https" || strings.Trim(where.Path, "/") != "" || where.User != nil {
		return nil, fmt.Errorf("endpoint %q: a URL as %s is wanted", o.Endpoint, google)
	}
	g.options.Endpoint = "https://" + where.Host
	if g.web, err = openWeb(o.CAFile, o.CACert); err != nil {
		return nil, err
	}
	g.client = &http.Client{Transport: g.web, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return guarded(g, l), nil
}

func (g *gcs) String() string { return g.name }
func (g *gcs) Close() error   { return g.web.close() }

func (g *gcs) key(name string) string { return under(g.options.Prefix, name) }

// bucket is where the bucket's contents are, object where one is.
func (g *gcs) bucket() string {
	return g.options.Endpoint + "/storage/v1/b/" + url.PathEscape(g.options.Bucket) + "/o"
}

func (g *gcs) object(name string) string { return g.bucket() + "/" + url.PathEscape(g.key(name)) }

// object is what Google tells of a content.
type object struct {
	Name       string
	Size       int64 `json:",string"`
	Updated    time.Time
	Generation string
	CRC32C     string
	Metadata   map[string]string

	RetentionExpirationTime time.Time
	Retention               struct{ RetainUntilTime time.Time }
	TemporaryHold           bool
	EventBasedHold          bool
}

// ask sends a request with a token; the caller closes the answer. A status that is none of those wanted is a *refusal.
func (g *gcs) ask(ctx context.Context, r *http.Request, wanted ...int) (*http.Response, error) {
	token, err := g.options.Credentials.Token(ctx)
	if err != nil {
		return nil, &problem{why: line(err.Error()), kind: ErrDenied}
	}
	r.Header.Set("Authorization", token.Type+" "+token.Value)
	answer, err := g.client.Do(r)
	if err != nil {
		return nil, err
	}
	for _, status := range wanted {
		if answer.StatusCode == status {
			return answer, nil
		}
	}
	if answer.StatusCode == http.StatusUnauthorized {
		g.options.Credentials.Forget() // the next attempt gets a new one
	}
	return nil, errors.Join(refusalOf(answer), answer.Body.Close())
}

// tell asks for something small, and gives what it says.
func (g *gcs) tell(ctx context.Context, method, where string, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, where, nil)
	if err != nil {
		return err
	}
	answer, err := g.ask(ctx, r, http.StatusOK, http.StatusNoContent)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return decode(answer.Body, into)
}

// decode reads an answer; one that is cut or no JSON is not half understood.
func decode(from io.Reader, into any) error {
	err := json.NewDecoder(from).Decode(into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return halfList("the server's answer makes no sense (%v)", err)
	}
	return err
}

func (g *gcs) get(ctx context.Context, name string, from int64) (io.ReadCloser, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.object(name)+"?alt=media", nil)
	if err != nil {
		return nil, "", err
	}
	if from > 0 {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
	}
	answer, err := g.ask(ctx, r, http.StatusOK, http.StatusPartialContent)
	if err != nil {
		return nil, "", g.missing(ctx, err)
	}
	if from > 0 && answer.StatusCode == http.StatusOK {
		if _, err := io.CopyN(io.Discard, answer.Body, from); err != nil {
			return nil, "", errors.Join(err, answer.Body.Close())
		}
	}
	version := answer.Header.Get("X-Goog-Generation")
	if version == "" {
		return nil, "", errors.Join(notGoogle(), answer.Body.Close())
	}
	return answer.Body, version, nil
}

// notGoogle is an answer of something in between: Google says always of which generation a content is.
func notGoogle() *problem {
	return &problem{why: "what answers is not Google Cloud Storage", next: "look for a proxy in between that wants a login", temporary: true}
}

func (g *gcs) stat(ctx context.Context, name string) (Info, error) {
	var found object
	if err := g.tell(ctx, http.MethodGet, g.object(name), &found); err != nil {
		return Info{}, g.missing(ctx, err)
	}
	return g.info(found), nil
}

func (g *gcs) info(o object) Info {
	info := Info{
		Name: strings.TrimPrefix(o.Name, g.key("")), Size: o.Size, Modified: o.Updated, SHA256: o.Metadata[metadataSum],
		Retained: o.RetentionExpirationTime, Held: o.TemporaryHold || o.EventBasedHold,
	}
	if o.Retention.RetainUntilTime.After(info.Retained) {
		info.Retained = o.Retention.RetainUntilTime
	}
	return info
}

// missing finds out what is not there: the content or the bucket.
func (g *gcs) missing(ctx context.Context, absent error) error {
	var said *refusal
	if !errors.As(absent, &said) || said.status != http.StatusNotFound {
		return absent
	}
	if err := g.tell(ctx, http.MethodGet, g.bucket()+"?maxResults=1&prefix="+url.QueryEscape(g.key("")), nil); err != nil {
		return err
	}
	return nothing()
}

func (g *gcs) list(ctx context.Context, prefix string, found func(Info)) error {
	last, page := "", ""
	for {
		var listed struct {
			Items         []object
			NextPageToken string
		}
		query := url.Values{"prefix": {g.key(prefix)}}
		if page != "" {
			query.Set("pageToken", page)
		}
		if err := g.tell(ctx, http.MethodGet, g.bucket()+"?"+query.Encode(), &listed); err != nil {
			return err
		}
		for _, o := range listed.Items {
			info := g.info(o)
			if o.Name <= last {
				return halfList("the server lists %q behind %q", info.Name, strings.TrimPrefix(last, g.key("")))
			}
			last = o.Name
			found(Info{Name: info.Name, Size: info.Size, Modified: info.Modified})
		}
		if listed.NextPageToken == "" {
			return nil
		}
		if listed.NextPageToken == page {
			return halfList("the server gives the same page again and again")
		}
		page = listed.NextPageToken
	}
}

func (g *gcs) delete(ctx context.Context, name string) error {
	info, err := g.stat(ctx, name)
	if err == nil {
		err = retained(info)
	}
	if err == nil {
		err = g.tell(ctx, http.MethodDelete, g.object(name), nil)
	}
	if err != nil && errors.Is(explained(g, err), fs.ErrNotExist) {
		return nil
	}
	return err
}

// sweep has nothing to do: Google drops what was not finished after a week.
func (g *gcs) sweep(context.Context, time.Duration) (int, error) { return 0, nil }
