package source

import (
	"context"
	"crypto/tls"
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
		return fmt.Errorf("%s: %w", endpoint, e.explain(err))
	}
	return connection.Close()
}
