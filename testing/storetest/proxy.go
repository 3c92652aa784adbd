package storetest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// Fault is what goes wrong with a request. It calls next if the server is to see it.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Proxy stands between stores and a server, speaks TLS, and does wrong what it is told to.
type Proxy struct {
	URL    string
	CAFile string

	server  *httptest.Server
	forward http.Handler
	over    chan struct{}

	mutex  sync.Mutex
	choose func(r *http.Request) Fault
	seen   []string
}

// startProxy forwards to the HTTP server on a socket.
func startProxy(t testing.TB, socket string) *Proxy {
	t.Helper()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	p := &Proxy{CAFile: authority.File(), over: make(chan struct{})}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "server"
			r.Out.Host = r.In.Host // it is signed
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		Transport: &http.Transport{
			DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			},
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     silent,
	}
	p.server = httptest.NewUnstartedServer(p)
	p.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	p.server.Config.ErrorLog = silent
	p.server.StartTLS()
	p.URL = p.server.URL
	t.Cleanup(func() {
		close(p.over)
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// ServeHTTP is of http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	p.seen = append(p.seen, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery)
	var fault Fault
	if p.choose != nil {
		fault = p.choose(r)
	}
	p.mutex.Unlock()
	if fault == nil {
		p.forward.ServeHTTP(w, r)
		return
	}
	fault(w, r, p.forward)
}

// Choose lets a function say what goes wrong with each request (nil is nothing); it is not called twice at a time.
func (p *Proxy) Choose(choose func(r *http.Request) Fault) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.choose, p.seen = choose, nil
}

// First does wrong the first requests that fit, one fault each.
func (p *Proxy) First(fits func(r *http.Request) bool, faults ...Fault) {
	p.Choose(func(r *http.Request) (fault Fault) {
		if len(faults) > 0 && fits(r) {
			fault, faults = faults[0], faults[1:]
		}
		return fault
	})
}

// Seen is how many requests that fit there were since the last Choose.
func (p *Proxy) Seen(part string) (count int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, s := range p.seen {
		if strings.Contains(s, part) {
			count++
		}
	}
	return count
}

// Any request fits.
func Any(*http.Request) bool { return true }

// Method is the requests of one method.
func Method(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

// Answer is one the server never gave.
func Answer(status int, body string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // the client may be gone
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Cut ends the connection after some bytes of the request, of which the server sees none.
func Cut(after int64) Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.CopyN(io.Discard, r.Body, after) // shorter ones are cut at their end
		panic(http.ErrAbortHandler)
	}
}

// LoseAnswer lets the server do what it is asked for, and cuts the connection before its answer.
func LoseAnswer(_ http.ResponseWriter, r *http.Request, next http.Handler) {
	next.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// BlackHole swallows the request until the client has gone, or the proxy stops.
func (p *Proxy) BlackHole(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, r.Body) // then its end is noticed
		<-r.Context().Done()
	}()
	select {
	case <-gone:
	case <-p.over:
	}
	panic(http.ErrAbortHandler)
}

// Rewrite changes the body of the answer; the length says what the changed one has.
func Rewrite(change func([]byte) []byte) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(change(answer.Body.Bytes())) // the client may be gone
	}
}

// CutAnswer ends the connection after some bytes of the answer.
func CutAnswer(after int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&cutting{ResponseWriter: w, left: after}, r)
	}
}

// SlowAnswer gives so many bytes of the answer a second.
func SlowAnswer(rate int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&slowing{ResponseWriter: w, rate: rate, gone: r.Context().Done()}, r)
	}
}

// Link is a way to the server that carries so many bytes a second in each direction, all requests together.
func Link(rate int) Fault {
	up, down := &lane{rate: rate}, &lane{rate: rate}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Body = &laneReader{r.Body, up}
		next.ServeHTTP(&laneWriter{w, down}, r)
	}
}

// lane is one direction of a link.
type lane struct {
	mutex sync.Mutex
	rate  int
	free  time.Time // when it can take the next bytes
}

func (l *lane) carry(bytes int) {
	l.mutex.Lock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(bytes) * time.Second / time.Duration(l.rate))
	debt := time.Until(l.free)
	l.mutex.Unlock()
	if debt > 2*time.Millisecond { // shorter sleeps take longer than they should
		time.Sleep(debt)
	}
}

type laneReader struct {
	io.ReadCloser
	lane *lane
}

func (r *laneReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.lane.carry(n)
	return n, err
}

type laneWriter struct {
	http.ResponseWriter
	lane *lane
}

func (w *laneWriter) Write(p []byte) (int, error) {
	w.lane.carry(len(p))
	return w.ResponseWriter.Write(p)
}

type slowing struct {
	http.ResponseWriter
	rate int
	gone <-chan struct{}
}

func (s *slowing) Write(p []byte) (n int, err error) {
	for piece := range slices.Chunk(p, max(1, s.rate/20)) {
		select {
		case <-time.After(time.Second / 20):
		case <-s.gone:
			panic(http.ErrAbortHandler)
		}
		if n, err = s.ResponseWriter.Write(piece); err != nil {
			return n, err
		}
		_ = http.NewResponseController(s.ResponseWriter).Flush() // the client may be gone
	}
	return len(p), nil
}

type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	_, _ = c.ResponseWriter.Write(p[:n]) // it is cut anyway
	c.left -= n
	if n < len(p) {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// FlipRequest changes a byte of what is sent.
func FlipRequest(at int64) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Body = &flipping{ReadCloser: r.Body, at: at}
		next.ServeHTTP(w, r)
	}
}

type flipping struct {
	io.ReadCloser
	at int64
}

func (f *flipping) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.at >= 0 && f.at < int64(n) {
		p[f.at] ^= 1
	}
	f.at -= int64(n)
	return n, err
}

// FlipAnswer changes a byte of what is read.
func FlipAnswer(at int) Fault {
	return Rewrite(func(body []byte) []byte {
		if len(body) > 0 {
			body[at%len(body)] ^= 1
		}
		return body
	})
}
