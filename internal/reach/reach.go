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
	"net/url"
	"strings"
	"syscall"
)

// Reason is why there was no answer.
type Reason struct {
	Why, Next   string
	Lasting     bool // it is not worth a second try
	Certificate bool // somebody was there and could not show, or did not accept, a certificate
}

// Explain finds the reason in what net/http returned. The context is the one of the request.
func Explain(ctx context.Context, err error) Reason {
	var (
		at   *url.Error
		dial *net.OpError
	)
	if errors.As(err, &at) {
		err = at.Err
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Reason{Why: "no answer within the time limit", Next: "check the network and https_proxy, or give it more time", Lasting: true}
	case ctx.Err() != nil:
		return Reason{Why: "interrupted", Next: "run it again", Lasting: true}
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		return Reason{Why: "the proxy does not answer (" + line(dial.Err) + ")", Next: "check https_proxy and no_proxy"}
	}
	if why, next := certificate(err); why != "" {
		return Reason{Why: why, Next: next, Lasting: true, Certificate: true}
	}
	return connection(err)
}

func certificate(err error) (why, next string) {
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
		return "its certificate is for another name", proxy
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet", "check the clock of this host"
	case errors.As(err, &untrust):
		return "its certificate is of an unknown authority", "name the authority's file in SSL_CERT_FILE if a proxy opens TLS"
	case errors.As(err, &verify):
		return "its certificate is not accepted (" + line(verify.Err) + ")", proxy
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS", proxy
	case errors.As(err, &alert):
		return "it ended the TLS handshake (" + line(alert) + ")", proxy
	}
	return "", ""
}

func connection(err error) Reason {
	var (
		dns     *net.DNSError
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns):
		return Reason{Why: "its name does not resolve", Next: "check DNS on this host, or set https_proxy", Lasting: dns.IsNotFound}
	case errors.Is(err, syscall.ECONNREFUSED):
		return Reason{Why: "connection refused", Next: "check the network and https_proxy"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return Reason{Why: "no answer", Next: "check the network and https_proxy"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Reason{Why: "there is no route to it", Next: "check the network"}
	}
	return Reason{Why: "the connection was cut (" + line(err) + ")", Next: "check the network and run it again"}
}

// line is an error without the line breaks it may hold.
func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
