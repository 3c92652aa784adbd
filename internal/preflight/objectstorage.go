package preflight

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// ObjectStorage is a bucket for backups that S3's protocol leads to.
type ObjectStorage struct {
	URL                  string // of the bucket: https://s3.example.com/backups
	Region               string
	AccessKey, SecretKey string
	CAFile               string // PEM; empty means the system's authorities
	Prove                bool   // by an object; otherwise it is only looked whether the bucket is there and open
}

// look looks at the bucket as the one who writes backups does.
func (s ObjectStorage) look(ctx context.Context) Check {
	ctx, cancel := context.WithTimeout(ctx, 3*answerTimeout)
	defer cancel()
	name := "object storage " + s.URL
	client, err := s.client()
	if err != nil {
		return ill(name, "correct ca_file", "cannot be looked at: %v", err)
	}
	defer client.CloseIdleConnections()
	if _, err := s.ask(ctx, client, http.MethodGet, "?list-type=2&max-keys=1", nil); err != nil {
		return s.refused(name, "cannot be opened", err)
	}
	if !s.Prove {
		return well(name, "is open to the credentials")
	}
	object, content := "/"+probe+rand.Text(), []byte("backups can be written")
	if _, err := s.ask(ctx, client, http.MethodPut, object, content); err != nil {
		return s.refused(name, "cannot be written to", err)
	}
	read, err := s.ask(ctx, client, http.MethodGet, object, nil)
	left := takeBack(ctx, func(ctx context.Context) error {
		_, err := s.ask(ctx, client, http.MethodDelete, object, nil)
		return err
	})
	switch {
	case err != nil:
		return s.refused(name, "cannot be read", err)
	case !bytes.Equal(read, content):
		return ill(name, "look at that server", "gives other content than was written")
	case left != nil:
		return s.refused(name, "keeps the object "+object[1:], left)
	}
	return well(name, "took an object, gave it back and removed it")
}

func (s ObjectStorage) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", s.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport}, nil
}

// s3Error is what a server of S3 says in place of an answer.
type s3Error struct {
	Status        int `xml:"-"`
	Code, Message string
}

func (e *s3Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("%s: %s", e.Code, strings.TrimSuffix(e.Message, "."))
}

func (s ObjectStorage) ask(ctx context.Context, client *http.Client, method, object string, content []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.URL, "/")+object, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	request.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	keys := aws.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey}
	plain := func(o *signer.SignerOptions) { o.DisableURIPathEscaping = true } // as S3 wants it, unlike the others
	if err := signer.NewSigner(plain).SignHTTP(ctx, keys, request, hex.EncodeToString(sum[:]), "s3", s.Region, time.Now()); err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil || answer.StatusCode < http.StatusMultipleChoices {
		return body, err
	}
	refusal := &s3Error{Status: answer.StatusCode}
	if xml.Unmarshal(body, refusal) != nil {
		refusal.Code, refusal.Message = "", ""
	}
	return nil, refusal
}

// refused tells what to do about it.
func (s ObjectStorage) refused(name, what string, err error) Check {
	var refusal *s3Error
	if !errors.As(err, &refusal) {
		return ill(name, "look at the network between, and at the certificate", "does not answer (%v)", err)
	}
	remedy := remedies[refusal.Code]
	switch {
	case remedy != "":
	case refusal.Status == http.StatusForbidden:
		remedy = "let the access key use this bucket"
	default:
		remedy = "look at that server"
	}
	return ill(name, remedy, "%s (%v)", what, refusal)
}

// remedies by S3's codes (Amazon S3 API Reference, "Error responses").
var remedies = map[string]string{
	"InvalidAccessKeyId":           "correct access_key",
	"XAdminUserNotFound":           "correct access_key", // versitygw's own word for it
	"SignatureDoesNotMatch":        "correct secret_key",
	"AuthorizationHeaderMalformed": "correct region",
	"PermanentRedirect":            "correct region and url",
	"NoSuchBucket":                 "create the bucket, or correct url",
	"RequestTimeTooSkewed":         "set the clocks of this host and of that server",
}
