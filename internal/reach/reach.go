// Package reach says in people's words why a server gave no answer, and what to do about it. What the server was asked for, its
// callers know.
package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Reason is why there was no answer. Lasting ones are not worth a second try.
type Reason struct {
	Why, Next string
	Lasting   bool
}

// String is both halves, as they end an error.
func (r Reason) String() string { return r.Why + "; " + r.Next }

// Explain finds the reason in what net/http returned. The context is the one of the request.
func Explain(ctx context.Context, err error) Reason {
	var dial *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Reason{"no answer within the time limit", "check the network and https_proxy, or give it more time", true}
	case ctx.Err() != nil:
		return Reason{"interrupted", "run it again", true}
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		return Reason{"the proxy does not answer (" + line(dial.Err) + ")", "check https_proxy and no_proxy", false}
	}
	if reason, ok := certificate(err); ok {
		return reason
	}
	return connection(err)
}

func certificate(err error) (Reason, bool) {
	var (
		untrust  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		plain    tls.RecordHeaderError
		alert    tls.AlertError
	)
	const proxy = "check whether a proxy answers in its place"
	switch {
	case errors.As(err, &hostname):
		return Reason{"its certificate is for another name", proxy, true}, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return Reason{"its certificate has expired or is not valid yet", "check the clock of this host", true}, true
	case errors.As(err, &untrust):
		return Reason{"its certificate is of an unknown authority", "name the authority's file in SSL_CERT_FILE if a proxy opens TLS", true}, true
	case errors.As(err, &verify):
		return Reason{"its certificate is not accepted (" + line(verify.Err) + ")", proxy, true}, true
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return Reason{"it does not speak TLS", proxy, true}, true
	case errors.As(err, &alert):
		return Reason{"it ended the TLS handshake (" + line(alert) + ")", proxy, true}, true
	}
	return Reason{}, false
}

func connection(err error) Reason {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns):
		return Reason{"its name does not resolve", "check DNS on this host, or set https_proxy", dns.IsNotFound}
	case errors.Is(err, syscall.ECONNREFUSED):
		return Reason{"connection refused", "check the network and https_proxy", false}
	case errors.As(err, &timeout) && timeout.Timeout():
		return Reason{"no answer", "check the network and https_proxy", false}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Reason{"there is no route to it", "check the network", false}
	}
	return Reason{"the connection was cut (" + line(err) + ")", "check the network and run it again", false}
}

// line is an error without the line breaks it may hold.
func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
