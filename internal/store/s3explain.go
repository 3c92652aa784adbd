package store

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// explain knows the codes of https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and those that others add.
func (s *s3) explain(err error) *problem {
	var said minio.ErrorResponse
	var cut *xml.SyntaxError
	switch {
	case errors.Is(err, fs.ErrExist):
		return exists()
	case errors.As(err, &said) && said.StatusCode != 0:
		return s.answered(said)
	case errors.As(err, &said):
		return halfList("the server's answer makes no sense (%s)", line(said.Message))
	case errors.Is(err, io.EOF), errors.As(err, &cut):
		return halfList("the server's answer ends too early")
	}
	return s.unanswered(err)
}

func (s *s3) unanswered(err error) *problem {
	p := s.web.unanswered(err)
	var name *net.DNSError
	if errors.As(err, &name) && s.options.Endpoint != "" && s.options.Lookup == "dns" {
		p.why, p.next = "the name "+name.Name+" does not resolve", "let the bucket be named in the path (lookup: path)"
	}
	return p
}

func (s *s3) answered(said minio.ErrorResponse) *problem {
	for _, know := range []func(minio.ErrorResponse) *problem{s.ordinary, s.login, s.place, s.room, passing} {
		if p := know(said); p != nil {
			return p
		}
	}
	return &problem{why: "the server answers " + quote(said), next: "look at the server's log"}
}

// quote is what the server said.
func quote(said minio.ErrorResponse) string {
	text := fmt.Sprintf("%d %s", said.StatusCode, http.StatusText(said.StatusCode))
	if said.Code != "" && said.Code != text {
		text += " " + said.Code
	}
	if message := line(said.Message); message != "" {
		text += ": " + message[:min(len(message), 200)]
	}
	return text
}

func exists() *problem {
	return &problem{why: "there is one already", next: "choose another name, or delete that one", kind: fs.ErrExist}
}

func nothing() *problem { return &problem{why: "there is none", kind: fs.ErrNotExist} }

// ordinary are answers of a server that is well.
func (s *s3) ordinary(said minio.ErrorResponse) *problem {
	switch said.Code {
	case minio.NoSuchKey:
		return nothing()
	case minio.PreconditionFailed:
		return exists()
	case "ObjectLocked", "MethodNotAllowedByRetention":
		return &problem{why: "the store keeps it (object lock)", next: "delete it after its retention", kind: ErrRetained}
	case "ConditionalRequestConflict", "OperationAborted":
		return &problem{why: "somebody else writes it at this moment", next: "run it again", temporary: true}
	case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest":
		return changedOnTheWay()
	}
	return nil
}

func changedOnTheWay() *problem {
	return &problem{why: "what arrived at the server is not what was sent", next: "check the network and what stands between", kind: ErrCorrupt, temporary: true}
}

func (s *s3) login(said minio.ErrorResponse) *problem {
	denied := func(why, next string) *problem { return &problem{why: why, next: next, kind: ErrDenied} }
	switch said.Code {
	case "InvalidAccessKeyId", "XAdminUserNotFound":
		return denied("the server does not know the access key", "check access_key and the endpoint")
	case "SignatureDoesNotMatch":
		return denied("the secret key is not the access key's", "check secret_key")
	case "ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidClientTokenId":
		return denied("the session token is not valid, or no longer", "get a new one (session_token)")
	case "RequestTimeTooSkewed", "RequestExpired", "AccessDeniedSkewed":
		return s.web.wrongClock()
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem", "NotSignedUp":
		return denied("access denied", "allow the key to list, read, write and delete in the bucket, below the prefix")
	}
	return nil
}

func (s *s3) place(said minio.ErrorResponse) *problem {
	switch said.Code {
	case minio.NoSuchBucket:
		return &problem{why: "there is no bucket " + s.options.Bucket, next: "make it, or check bucket, endpoint and lookup"}
	case minio.InvalidRegion, minio.AuthorizationHeaderMalformed, "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException":
		p := &problem{why: "the bucket is in another region", next: "check region and endpoint"}
		if said.Region != "" {
			p.why, p.next = "the bucket is in region "+said.Region, "set that (region)"
		}
		return p
	case "InvalidBucketName":
		return &problem{why: s.options.Bucket + " is no name of a bucket", next: "check bucket and lookup"}
	}
	return nil
}

func (s *s3) room(said minio.ErrorResponse) *problem {
	switch said.Code {
	case "QuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "InsufficientCapacity":
		return fullStore(quote(said))
	}
	if said.StatusCode == http.StatusInsufficientStorage {
		return fullStore(quote(said))
	}
	return nil
}

func fullStore(said string) *problem {
	return &problem{why: "the store is full (" + said + ")", next: "free some of it, or raise the quota", kind: ErrFull}
}

// passing are answers of a server that may be well the next time.
func passing(said minio.ErrorResponse) *problem {
	temporary := said.StatusCode >= 500 && said.StatusCode != http.StatusNotImplemented
	switch said.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		temporary = true
	}
	switch said.Code {
	case "InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "RequestLimitExceeded":
		temporary = true
	}
	if !temporary {
		return nil
	}
	return &problem{why: "the server answers " + quote(said), next: "look at the store's health, try later", temporary: true}
}
