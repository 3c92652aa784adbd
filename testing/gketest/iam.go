package gketest

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/metal-stack/initial-cluster/testing/googletest"
)

const (
	service       = "container.googleapis.com"
	cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"
)

// permissions by method; all others need container.clusters.update. https://cloud.google.com/kubernetes-engine/docs/reference/api-permissions
var permissions = map[string]string{
	"CreateCluster": "container.clusters.create", "DeleteCluster": "container.clusters.delete",
	"GetCluster": "container.clusters.get", "GetNodePool": "container.clusters.get", "ListNodePools": "container.clusters.get",
	"ListClusters": "container.clusters.list", "GetServerConfig": "container.clusters.list", "ListUsableSubnetworks": "container.clusters.list",
	"GetOperation": "container.operations.get", "ListOperations": "container.operations.list",
}

type callerKey struct{}

// authenticate gives the identity of a call, as Google's front end judges it.
func (s *Server) authenticate(ctx context.Context, method string) (googletest.TokenInfo, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	const expected = "Expected OAuth 2 access token, login cookie or other valid authentication credential. " +
		"See https://developers.google.com/identity/sign-in/web/devconsole-project."
	meta := map[string]string{"service": service, "method": "google.container.v1.ClusterManager." + method}
	if len(values) == 0 {
		return googletest.TokenInfo{}, refuseFor(codes.Unauthenticated, "Request is missing required authentication credential. "+expected,
			"CREDENTIALS_MISSING", "googleapis.com", meta)
	}
	kind, token, _ := strings.Cut(values[0], " ")
	info, ok := s.options.Google.Token(token)
	if !strings.EqualFold(kind, "bearer") || !ok {
		return info, refuseFor(codes.Unauthenticated, "Request had invalid authentication credentials. "+expected, "ACCESS_TOKEN_EXPIRED", "googleapis.com", meta)
	}
	if !info.HasScope(cloudPlatform) {
		return info, refuseFor(codes.PermissionDenied, "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", meta)
	}
	return info, nil
}

// authorize refuses what the caller may not do, or the project does not have.
func (s *Server) authorize(info googletest.TokenInfo, method, resource string) error {
	project, location, _ := place(resource)
	if project == "" || location == "" && method != "ListUsableSubnetworks" {
		return refuse(codes.InvalidArgument, "Invalid resource name %q.", resource)
	}
	if disabled, number := s.options.Google.APIDisabled(project, service); disabled {
		return serviceDisabled(number)
	}
	permission := permissions[method]
	if permission == "" {
		permission = "container.clusters.update"
	}
	if !s.options.Google.Allowed(info.Email, project, permission) {
		return denied(permission, resource)
	}
	return nil
}

func denied(permission, resource string) error {
	return refuseFor(codes.PermissionDenied, fmt.Sprintf("Required %q permission(s) for %q.", permission, told(resource)),
		"IAM_PERMISSION_DENIED", service, map[string]string{"permission": permission, "resource": resource})
}

func serviceDisabled(number string) error {
	message, meta := googletest.ServiceDisabled("Kubernetes Engine API", service, number)
	return refuseFor(codes.PermissionDenied, message, "SERVICE_DISABLED", "googleapis.com", meta)
}

// checkNodeAccount refuses nodes that would run as an account which the caller may not act as.
func (s *Server) checkNodeAccount(ctx context.Context, project, account string) error {
	caller, _ := ctx.Value(callerKey{}).(googletest.TokenInfo)
	allowed := s.options.Google.Allowed(caller.Email, project, "iam.serviceAccounts.actAs")
	if account != "" && account != "default" {
		allowed = s.options.Google.AllowedOn(caller.Email, account, "iam.serviceAccounts.actAs")
	}
	if !allowed {
		return refuse(codes.InvalidArgument, "The user does not have access to service account %q. Ask a project owner to grant you the "+
			"iam.serviceAccountUser role on the service account.", or(account, "default"))
	}
	return nil
}

// resource is the name by which a request says what it is about.
func resource(request any) string {
	if named, ok := request.(interface{ GetName() string }); ok && named.GetName() != "" {
		return named.GetName()
	}
	if below, ok := request.(interface{ GetParent() string }); ok && below.GetParent() != "" {
		return below.GetParent()
	}
	return ""
}

// Request is a call that was received.
type Request struct {
	Method  string // as CreateCluster
	Message proto.Message
}

// Requests are the calls since the start, the refused too.
func (s *Server) Requests() []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Request(nil), s.requests...)
}
