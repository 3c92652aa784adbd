package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/metal-stack/initial-cluster/internal/reach"
)

// web is the way to a server that is spoken to in HTTP. It tells the context's watcher what moves, and knows the server's clock.
type web struct {
	transport *http.Transport
	caFile    string
	skew      atomic.Int64 // nanoseconds that this host's clock is ahead of the server's
}

// How long a server may take to take a connection.
const (
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
)

func openWeb(caFile, caCert string) (*web, error) {
	roots, err := authorities(caFile, caCert)
	if err != nil {
		return nil, err
	}
	return &web{caFile: caFile, transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: tlsTimeout,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: parallel,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true, // contents come as they are
	}}, nil
}

// authorities are those of the machine, of the file and of the text.
func authorities(caFile, caCert string) (*x509.CertPool, error) {
	if caFile == "" && caCert == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read this machine's certificate authorities: %w", err)
	}
	if caCert != "" && !pool.AppendCertsFromPEM([]byte(caCert)) {
		return nil, errors.New("ca_cert: there is no certificate in it; give one in PEM form")
	}
	if caFile == "" {
		return pool, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s: there is no certificate in it; give one in PEM form", caFile)
	}
	return pool, nil
}

// RoundTrip is of http.RoundTripper.
func (w *web) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if request.Body != nil && request.Body != http.NoBody {
		request = request.Clone(ctx)
		request.Body = moving{watched{ctx, request.Body}, request.Body}
	}
	response, err := w.transport.RoundTrip(request)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the other side closed it") // minio-go would make a text of its own of the EOF
	}
	if err != nil {
		return nil, err
	}
	touch(ctx)
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		w.skew.Store(int64(time.Since(date)))
	}
	response.Body = moving{watched{ctx, response.Body}, response.Body}
	return response, nil
}

// moving is a body whose bytes count as moving.
type moving struct {
	io.Reader
	io.Closer
}

func (w *web) close() error {
	w.transport.CloseIdleConnections()
	return nil
}

// wrongClock says what to do when the server refuses the time of a request.
func (w *web) wrongClock() *problem {
	by := time.Duration(w.skew.Load()).Round(time.Minute)
	p := &problem{why: "the server refuses the time of the request", next: "check the clocks of this host and of the server", kind: ErrDenied}
	switch {
	case by > 0:
		p.why, p.next = fmt.Sprintf("the clock of this host is %s ahead of the server's", by), "set it right (timedatectl)"
	case by < 0:
		p.why, p.next = fmt.Sprintf("the clock of this host is %s behind the server's", -by), "set it right (timedatectl)"
	}
	return p
}

// unanswered is the problem of a request that got no answer, or not all of it.
func (w *web) unanswered(err error) *problem {
	reason := reach.Explain(context.Background(), err)
	p := &problem{why: reason.Why, next: reason.Next, temporary: !reason.Lasting}
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown) && w.caFile == "":
		p.next = "give that authority's certificate (ca_file)"
	case errors.As(err, &unknown):
		p.next = "check whether " + w.caFile + " is of the server's authority"
	}
	return p
}
