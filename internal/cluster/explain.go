package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
)

// Explain gives an error of the API, or of the way to it, in one line with what to do next. Other errors stay as they are.
func (c *Cluster) Explain(err error) error {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var expired x509.CertificateInvalidError
	switch {
	case err == nil:
		return nil
	case apierrors.IsUnauthorized(err):
		return &refused{err, fmt.Sprintf("%s does not accept the credentials; they have expired or are of another cluster: write a new kubeconfig", c.Server())}
	case apierrors.IsForbidden(err):
		return &refused{err, forbidden(err)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &refused{err, fmt.Sprintf("%s refuses connections; start the API server, or correct the server in the kubeconfig", c.Server())}
	case errors.As(err, &dns):
		return &refused{err, fmt.Sprintf("%s: no such host; correct the server in the kubeconfig, or the DNS", c.Server())}
	case errors.As(err, &unknown):
		return &refused{err, fmt.Sprintf("%s shows a certificate of another authority than the kubeconfig's; the kubeconfig is of another cluster, or a proxy is between", c.Server())}
	case errors.As(err, &expired):
		return &refused{err, fmt.Sprintf("%s: %v; renew it", c.Server(), expired)}
	case unreachable(err):
		return &refused{err, fmt.Sprintf("%s does not answer; look at the network and the firewall between", c.Server())}
	}
	return err
}

// refused keeps the error beside its explanation.
type refused struct {
	err  error
	text string
}

func (e *refused) Error() string { return e.text }
func (e *refused) Unwrap() error { return e.err }

func unreachable(err error) bool {
	var request *url.Error
	var operation net.Error
	return errors.As(err, &request) && (errors.As(err, &operation) && operation.Timeout() || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)) &&
		!errors.Is(err, context.Canceled)
}

// denial is how RBAC words it: secrets is forbidden: User "x" cannot list resource "secrets" in API group "" in the namespace "y".
var denial = regexp.MustCompile(`User "([^"]*)" cannot (\w+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?`)

// forbidden tells an admission's refusal from a missing permission: both are 403.
func forbidden(err error) string {
	found := denial.FindStringSubmatch(err.Error())
	if found == nil {
		return strings.TrimSpace(err.Error()) + "; this is admission's word (quota, webhook or policy), not the network's"
	}
	resource, where := found[3], "in the cluster"
	if found[4] != "" {
		resource += "." + found[4]
	}
	if found[5] != "" {
		where = "in namespace " + found[5]
	}
	return fmt.Sprintf("user %s may not %s %s %s; grant it a role that allows that", found[1], found[2], resource, where)
}

// Missing tells that an object, its namespace or its kind is not there.
func Missing(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }

// Passing tells an error that may be gone at the next try: the API server restarts, is overloaded, or the network is interrupted.
func Passing(err error) bool {
	var request *url.Error
	return apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || errors.As(err, &request) && !errors.Is(err, context.Canceled)
}
