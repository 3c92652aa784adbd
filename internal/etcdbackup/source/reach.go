package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
)

// reach connects once by itself, since etcd's client says of every trouble with a connection that its time was up.
func (e Etcd) reach(ctx context.Context, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("endpoint %q: a URL such as https://10.0.0.1:2379 is wanted", endpoint)
	}
	connection, err := within(ctx, e.Limits.Answer, func(ctx context.Context) (net.Conn, error) {
		if u.Scheme == "http" {
			return (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
		}
		return (&tls.Dialer{Config: e.TLS}).DialContext(ctx, "tcp", u.Host)
	})
	if err != nil {
		return fmt.Errorf("%s: %w%s", endpoint, e.explain(err), advice(err))
	}
	return connection.Close()
}

// advice is what to do about a connection that does not come about.
func advice(err error) string {
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, context.DeadlineExceeded):
		return "; does etcd run there (of k3s: systemctl status k3s), and is the port open?"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "; is ca_file that of this etcd, and does its certificate name this endpoint?"
	}
	return ""
}
