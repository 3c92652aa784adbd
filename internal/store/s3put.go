package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/minio/minio-go/v7"
)

// partSize is how much of a content is sent in one request, in bytes; parallel is how many are under way at a time. Amazon takes 10000
// parts of 5 MiB to 5 GiB.
const (
	partSize = AtomicSize
	parallel = 4
)

// sumKey is the metadata that holds the SHA-256 of a content.
const sumKey = "Sha256"

// parts is a content that is sent in parts, over all attempts.
type parts struct {
	id   string
	done map[int]minio.CompletePart
}

func (s *s3) put(ctx context.Context, u *upload) error {
	sums, err := u.sums(ctx)
	if err != nil {
		return err
	}
	if u.Size <= partSize {
		o := s.putOptions(u)
		o.UserMetadata["x-amz-checksum-sha256"] = base64.StdEncoding.EncodeToString(sums[0])
		sent, err := s.core.PutObject(ctx, s.options.Bucket, s.key(u.Name), u.section(0, u.Size), u.Size, "", u.SHA256, o)
		if err != nil {
			return s.kept(ctx, u, err)
		}
		return taken(sent.ETag)
	}
	return s.putParts(ctx, u, sums)
}

// kept finds out whether a content is only there as a version that was deleted.
func (s *s3) kept(ctx context.Context, u *upload, err error) error {
	if !errors.Is(explained(s, err), fs.ErrExist) {
		return err
	}
	if _, gone := s.stat(ctx, u.Name); gone != nil && errors.Is(explained(s, gone), fs.ErrNotExist) {
		return &problem{why: "there was one, of which the bucket keeps the version, and this server takes that for one", next: "choose another name, or a bucket without versions", kind: fs.ErrExist}
	}
	return err
}

func (s *s3) putOptions(u *upload) minio.PutObjectOptions {
	o := minio.PutObjectOptions{UserMetadata: map[string]string{sumKey: u.SHA256}, DisableContentSha256: true}
	if u.IfAbsent {
		o.SetMatchETagExcept("*")
	}
	return o
}

// sums are those of the parts, and prove that the content is as it was said to be. They are signed, so what arrives is what was read.
func (u *upload) sums(ctx context.Context) ([][]byte, error) {
	var sums [][]byte
	whole := sha256.New()
	for at := int64(0); at < u.Size || len(sums) == 0; at += partSize {
		part := sha256.New()
		size := min(partSize, u.Size-at)
		n, err := io.Copy(io.MultiWriter(whole, part), watched{ctx, u.section(at, size)})
		if err == nil && n < size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, unreadable(ctx, err)
		}
		sums = append(sums, part.Sum(nil))
	}
	return sums, u.verify(whole)
}

func (s *s3) putParts(ctx context.Context, u *upload, sums [][]byte) error {
	p, err := s.begin(ctx, u)
	if err != nil {
		return err
	}
	if err := s.sendParts(ctx, u, p, sums); err != nil {
		return s.unknownUpload(ctx, u, err)
	}
	o := minio.PutObjectOptions{}
	if u.IfAbsent {
		o.SetMatchETagExcept("*")
	}
	inOrder := slices.SortedFunc(maps.Values(p.done), func(a, b minio.CompletePart) int { return a.PartNumber - b.PartNumber })
	_, err = s.core.CompleteMultipartUpload(ctx, s.options.Bucket, s.key(u.Name), p.id, inOrder, o)
	if err != nil {
		return s.unknownUpload(ctx, u, err)
	}
	u.left = nil
	return nil
}

// unknownUpload looks what became of an upload that the server does not know any more: it is complete and the answer was lost, or it
// begins anew.
func (s *s3) unknownUpload(ctx context.Context, u *upload, err error) error {
	if minio.ToErrorResponse(err).Code != minio.NoSuchUpload {
		return err
	}
	u.left = nil
	if info, failed := s.stat(ctx, u.Name); failed == nil && info.Size == u.Size && info.SHA256 == u.SHA256 {
		return nil
	}
	return &problem{why: "the server has dropped what was sent", next: "look for a lifecycle rule that aborts uploads, and for other runs of this backup", temporary: true}
}

// begin begins an upload in parts, or goes on with one.
func (s *s3) begin(ctx context.Context, u *upload) (*parts, error) {
	if p, ok := u.left.(*parts); ok {
		return p, nil
	}
	if u.IfAbsent {
		if _, err := s.stat(ctx, u.Name); err == nil {
			return nil, fs.ErrExist
		}
	}
	o := s.putOptions(u)
	o.UserMetadata["x-amz-checksum-algorithm"] = "SHA256"
	id, err := s.core.NewMultipartUpload(ctx, s.options.Bucket, s.key(u.Name), minio.PutObjectOptions{UserMetadata: o.UserMetadata})
	if err != nil {
		return nil, err
	}
	p := &parts{id: id, done: map[int]minio.CompletePart{}}
	u.left = p
	return p, nil
}

// sendParts sends what is not there yet, some at a time. The first that fails ends the others.
func (s *s3) sendParts(ctx context.Context, u *upload, p *parts, sums [][]byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var sending sync.WaitGroup
	var mutex sync.Mutex
	var failed error
	slots := make(chan struct{}, parallel)
	for _, i := range p.missing(len(sums)) {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		sending.Go(func() {
			defer func() { <-slots }()
			part, err := s.sendPart(ctx, u, p.id, i, sums[i])
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				p.done[i] = part
				u.took(ctx, int64(len(p.done))*partSize)
			} else if failed == nil {
				failed = err
				cancel(err)
			}
		})
	}
	sending.Wait()
	return failed
}

// missing are the numbers of the parts that are not there yet.
func (p *parts) missing(all int) []int {
	var missing []int
	for i := range all {
		if _, done := p.done[i]; !done {
			missing = append(missing, i)
		}
	}
	return missing
}

func (s *s3) sendPart(ctx context.Context, u *upload, id string, i int, sum []byte) (minio.CompletePart, error) {
	at := int64(i) * partSize
	size := min(partSize, u.Size-at)
	encoded := base64.StdEncoding.EncodeToString(sum)
	sent, err := s.core.PutObjectPart(ctx, s.options.Bucket, s.key(u.Name), id, i+1, u.section(at, size), size, minio.PutObjectPartOptions{
		Sha256Hex: hex.EncodeToString(sum), DisableContentSha256: true, CustomHeader: map[string][]string{"X-Amz-Checksum-Sha256": {encoded}},
	})
	if err == nil {
		err = taken(sent.ETag)
	}
	return minio.CompletePart{PartNumber: i + 1, ETag: sent.ETag, ChecksumSHA256: sent.ChecksumSHA256}, err
}

// taken believes a server that it has something only if it gives its mark: some proxies answer 200 to whatever comes.
func taken(mark string) error {
	if mark == "" {
		return &problem{why: "the answer is none of an S3 server (no ETag)", next: "check whether a proxy answers in its place", temporary: true}
	}
	return nil
}

func (s *s3) abandon(ctx context.Context, u *upload) error {
	p, ok := u.left.(*parts)
	if !ok {
		return nil
	}
	return s.core.AbortMultipartUpload(ctx, s.options.Bucket, s.key(u.Name), p.id)
}
