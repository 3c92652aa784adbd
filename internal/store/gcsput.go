package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// metadataSum is the metadata that holds the SHA-256 of a content.
const metadataSum = "sha256"

// session is an upload under way, as https://cloud.google.com/storage/docs/resumable-uploads has it.
type session struct {
	where  string
	crc32c string
	broken bool // it is not known how much has arrived
}

func (g *gcs) put(ctx context.Context, u *upload) error {
	s, err := g.begin(ctx, u)
	if err != nil {
		return err
	}
	done, err := g.arrived(ctx, u, s)
	for err == nil && done == nil {
		before := u.safe
		done, err = g.send(ctx, u, s)
		if err == nil && done == nil && u.safe <= before {
			err = &problem{why: "the server takes nothing of what is sent", next: "look at Google's status page, try later", temporary: true}
		}
	}
	if err != nil {
		s.broken = true
		return g.dropped(u, err)
	}
	u.left = nil
	return g.intact(ctx, u, s, done)
}

// begin begins a session, or goes on with one. Google compares the content with the sum, and sees to IfAbsent at the end, whatever the
// size.
func (g *gcs) begin(ctx context.Context, u *upload) (*session, error) {
	if s, ok := u.left.(*session); ok {
		return s, nil
	}
	sum, err := u.crc32c(ctx)
	if err != nil {
		return nil, err
	}
	query := url.Values{"uploadType": {"resumable"}, "name": {g.key(u.Name)}}
	if u.IfAbsent {
		query.Set("ifGenerationMatch", "0")
	}
	about, err := json.Marshal(map[string]any{"name": g.key(u.Name), "crc32c": sum, "metadata": map[string]string{metadataSum: u.SHA256}})
	if err != nil {
		return nil, err
	}
	where := g.options.Endpoint + "/upload/storage/v1/b/" + url.PathEscape(g.options.Bucket) + "/o?" + query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, where, bytes.NewReader(about))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Upload-Content-Length", strconv.FormatInt(u.Size, 10))
	answer, err := g.ask(ctx, r, http.StatusOK, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	s := &session{where: answer.Header.Get("Location"), crc32c: sum}
	if !g.trusted(s.where) {
		return nil, errors.Join(&problem{why: "the server sends the upload to " + line(s.where), next: "check whether a proxy answers in its place"}, answer.Body.Close())
	}
	u.left, u.safe = s, 0
	return s, answer.Body.Close()
}

// trusted tells whether the token may be sent there.
func (g *gcs) trusted(where string) bool {
	to, err := url.Parse(where)
	return err == nil && to.Scheme == "https" && ("https://"+to.Host == g.options.Endpoint || strings.HasSuffix(to.Host, ".googleapis.com"))
}

// crc32c is the sum that Google knows; on the way the content is proved to be as it was said to be.
func (u *upload) crc32c(ctx context.Context) (string, error) {
	whole, sum := sha256.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err := io.Copy(io.MultiWriter(whole, sum), watched{ctx, u.section(0, u.Size)})
	if err == nil && n < u.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", unreadable(ctx, err)
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32())), u.verify(whole)
}

// arrived asks how much of a session that was cut off has arrived.
func (g *gcs) arrived(ctx context.Context, u *upload, s *session) (*object, error) {
	if !s.broken {
		return nil, nil
	}
	return g.sent(ctx, u, s, nil, "bytes */"+strconv.FormatInt(u.Size, 10))
}

// send sends the next part; parts but the last are multiples of 256 KiB.
func (g *gcs) send(ctx context.Context, u *upload, s *session) (*object, error) {
	size := min(partSize, u.Size-u.safe)
	span := fmt.Sprintf("bytes %d-%d/%d", u.safe, u.safe+size-1, u.Size)
	if size == 0 {
		span = "bytes */" + strconv.FormatInt(u.Size, 10)
	}
	return g.sent(ctx, u, s, u.section(u.safe, size), span)
}

// sent sends a part of the content. It gives the object if that was the last.
func (g *gcs) sent(ctx context.Context, u *upload, s *session, part *io.SectionReader, span string) (*object, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, s.where, http.NoBody)
	if err != nil {
		return nil, err
	}
	if part != nil && part.Size() > 0 {
		r.Body, r.ContentLength = io.NopCloser(part), part.Size()
	}
	r.Header.Set("Content-Range", span)
	answer, err := g.ask(ctx, r, http.StatusOK, http.StatusCreated, http.StatusPermanentRedirect)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	s.broken = false
	if answer.StatusCode == http.StatusPermanentRedirect {
		u.safe = reached(answer.Header.Get("Range"))
		u.took(ctx, u.safe)
		_, err := io.Copy(io.Discard, answer.Body)
		return nil, err
	}
	var made object
	if err := decode(answer.Body, &made); err != nil {
		return nil, err
	}
	return &made, nil
}

// reached reads how many bytes have arrived: "bytes=0-99" are a hundred, no range is none.
func reached(span string) int64 {
	_, last, _ := strings.Cut(span, "-")
	at, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return 0
	}
	return at + 1
}

// dropped begins anew where the session is over.
func (g *gcs) dropped(u *upload, err error) error {
	var said *refusal
	if !errors.As(err, &said) {
		return err
	}
	switch said.status {
	case http.StatusBadRequest: // what arrived was another content
		u.left = nil
	case http.StatusNotFound, http.StatusGone:
		u.left = nil
		return &problem{why: "the server has dropped what was sent (" + said.quote() + ")", next: "run it again", temporary: true}
	}
	return err
}

// intact takes back what is not what was sent.
func (g *gcs) intact(ctx context.Context, u *upload, s *session, made *object) error {
	if made.CRC32C == s.crc32c && made.Size == u.Size {
		return nil
	}
	if err := g.tell(ctx, http.MethodDelete, g.object(u.Name)+"?ifGenerationMatch="+url.QueryEscape(made.Generation), nil); err != nil {
		return err
	}
	return changedOnTheWay()
}

func (g *gcs) abandon(ctx context.Context, u *upload) error {
	s, ok := u.left.(*session)
	if !ok {
		return nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.where, nil)
	if err != nil {
		return err
	}
	const cancelled = 499 // is what Google answers
	answer, err := g.ask(ctx, r, cancelled, http.StatusNoContent, http.StatusNotFound, http.StatusGone)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
