package gke

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
)

// explain makes one line of a refusal: why, and what to do next. Where Google gives no reason that a program can read, its texts are
// all there is to tell cases apart by; a text that is not known is quoted.
func (r *Refusal) explain() string {
	switch {
	case errors.Is(r.cause, context.DeadlineExceeded) && r.Code == codes.DeadlineExceeded:
		return r.host + ": no answer before the time was up" + r.tried() + "; run this again to go on, or give it more time"
	case r.cause != nil && r.Code == codes.Canceled:
		return "interrupted"
	case r.Reason == "SERVICE_DISABLED":
		return fmt.Sprintf("the Kubernetes Engine API is disabled in project %s; enable it and wait some minutes: gcloud services enable %s --project %s",
			r.project, publicEndpoint, r.project)
	case r.Reason == "BILLING_DISABLED":
		return fmt.Sprintf("project %s has no billing account; link one: https://console.cloud.google.com/billing/linkedaccount?project=%s", r.project, r.project)
	case r.Reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return "the token's scopes do not include cloud-platform; add it to scopes"
	case r.Reason == "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED":
		return fmt.Sprintf("too many operations run at once in project %s%s (%s); wait for them, or raise the quota", r.project, r.tried(), r.Message)
	case r.Code == codes.PermissionDenied:
		return r.denied()
	case r.Code == codes.Unauthenticated:
		return fmt.Sprintf("%s does not accept the token of %s; it has expired or was revoked", r.host, r.account)
	case r.Code == codes.ResourceExhausted:
		return fmt.Sprintf("too many requests for project %s%s (%s); run it again later, or raise the quota", r.project, r.tried(), r.Message)
	case r.Code == codes.NotFound, r.Code == codes.InvalidArgument, r.Code == codes.FailedPrecondition:
		return r.wrong()
	case r.Code == codes.Unavailable, r.Code == codes.DeadlineExceeded, r.Code == codes.Internal, r.Code == codes.Unknown, r.Code == codes.Unimplemented:
		return r.unreachable()
	}
	return fmt.Sprintf("%s answers %s%s (%s)", r.host, r.Code, r.tried(), r.Message)
}

func (r *Refusal) tried() string {
	if r.Tries < 2 {
		return ""
	}
	return fmt.Sprintf(", %d tries", r.Tries)
}

var (
	missing      = regexp.MustCompile(`[Rr]equired "([^"]+)" permission`)
	insufficient = regexp.MustCompile(`Insufficient (\w+) quota to satisfy request`)
	short        = regexp.MustCompile(`resource "([^"]+)": request requires '([0-9.]+)' and is short '([0-9.]+)'`)
)

// denied tells the three things apart that PERMISSION_DENIED stands for.
func (r *Refusal) denied() string {
	if quota := quotaText(r.Message, r.project); quota != "" {
		return quota
	}
	permission := r.Metadata["permission"]
	if found := missing.FindStringSubmatch(r.Message); permission == "" && found != nil {
		permission = found[1]
	}
	if permission == "" {
		return fmt.Sprintf("%s may not do that on project %s (%s); check the project's id and the account's roles", r.account, r.project, r.Message)
	}
	return fmt.Sprintf("%s lacks %s on project %s; check the project's id, or grant it roles/container.admin", r.account, permission, r.project)
}

// quotaText is the sentence for a quota that is exceeded, or empty. Requests and operations say it in the same words.
func quotaText(message, project string) string {
	kind := insufficient.FindStringSubmatch(message)
	if kind == nil {
		return ""
	}
	var lacks []string
	for _, found := range short.FindAllStringSubmatch(message, -1) {
		lacks = append(lacks, fmt.Sprintf("%s (needs %s, short of %s)", found[1], whole(found[2]), whole(found[3])))
	}
	what := strings.Join(lacks, ", ")
	if what == "" {
		what = "(" + message + ")"
	}
	return fmt.Sprintf("%s quota exceeded: %s; lower initial_node_count or machine_type, or raise the quota: https://console.cloud.google.com/iam-admin/quotas?project=%s",
		kind[1], what, project)
}

func whole(number string) string { return strings.TrimSuffix(number, ".0") }

var (
	noNetwork   = regexp.MustCompile(`has no network named "([^"]+)"`)
	noAccess    = regexp.MustCompile(`does not have access to service account "([^"]+)"`)
	noAccount   = regexp.MustCompile(`(?i)service account "?([^\s"]+)"? does not exist|Gaia id not found for email "?([^\s"]+)`)
	noMachine   = regexp.MustCompile(`(?i)machine type with name`)
	noDisk      = regexp.MustCompile(`(?i)disk type with name`)
	noImage     = regexp.MustCompile(`(?i)node image type`)
	noLocation  = regexp.MustCompile(`(?i)location "[^"]+" does not exist`)
	noVersion   = regexp.MustCompile(`(?i)version "[^"]+" is (unsupported|not available)|No valid versions with the prefix`)
	noAccessFor = "grant %s roles/iam.serviceAccountUser on it, or name another in node_service_account"
)

// wrong is what is wrong with the request itself.
func (r *Refusal) wrong() string {
	next := "check the options"
	switch {
	case noNetwork.MatchString(r.Message):
		name := noNetwork.FindStringSubmatch(r.Message)[1]
		return fmt.Sprintf("project %s has no network %s; name another in network, or make it: gcloud compute networks create %s --project %s", r.project, name, name, r.project)
	case noAccess.MatchString(r.Message):
		return fmt.Sprintf("the nodes' service account %s may not be used; "+noAccessFor, noAccess.FindStringSubmatch(r.Message)[1], r.account)
	case noAccount.MatchString(r.Message):
		found := noAccount.FindStringSubmatch(r.Message)
		return fmt.Sprintf("the nodes' service account %s does not exist; restore it, or name another in node_service_account", strings.TrimSuffix(found[1]+found[2], "."))
	case noMachine.MatchString(r.Message):
		next = "check machine_type"
	case noDisk.MatchString(r.Message):
		next = "check disk_type"
	case noImage.MatchString(r.Message):
		next = "check image_type"
	case noLocation.MatchString(r.Message):
		next = "check location"
	case noVersion.MatchString(r.Message):
		next = "check kubernetes_version and release_channel"
	case r.busy():
		next = "wait for that operation and run it again"
	case r.Code == codes.NotFound:
		next = "check project, location and name"
	case r.Code == codes.FailedPrecondition:
		next = "look at the cluster in the console"
	}
	return r.Message + "; " + next
}

// connection holds what gRPC tells of connections that failed, the inmost cause last. gRPC keeps only the texts.
var connection = []struct{ text, why, next string }{
	{"connection refused", "connection refused", "check the network, https_proxy and api_endpoint"},
	{"no such host", "its name does not resolve", "check DNS on this host, or set https_proxy"},
	{"produced zero addresses", "its name does not resolve", "check DNS on this host, or set https_proxy"},
	{"server misbehaving", "its name does not resolve", "check DNS on this host, or set https_proxy"},
	{"unknown authority", "its certificate is of an unknown authority", "name the authority's file in SSL_CERT_FILE if a proxy opens TLS"},
	{"has expired or is not yet valid", "its certificate has expired or is not valid yet", "check the clock of this host"},
	{"certificate is valid for", "its certificate is for another name", "check whether a proxy answers in its place"},
	{"first record does not look like a TLS handshake", "it does not speak TLS", "check api_endpoint, and whether a proxy answers in its place"},
	{"connect handshake", "the proxy refuses the connection", "check https_proxy and no_proxy"},
	{"network is unreachable", "the network is unreachable", "check the network and https_proxy"},
	{"no route to host", "there is no route to it", "check the network and https_proxy"},
	{"i/o timeout", "no answer within the time limit", "check the network and https_proxy"},
	{"no application protocol", "it does not speak HTTP/2", "let the proxy pass HTTP/2 through"},
	{"missing selected ALPN property", "it does not speak HTTP/2", "let the proxy pass HTTP/2 through"},
	{"unexpected HTTP status code", "it answers something that is not GKE's", "check api_endpoint, and whether a proxy answers in its place"},
	{"unmarshal", "it answers something that is not GKE's", "check api_endpoint, and whether a proxy answers in its place"},
	{"connection reset by peer", "the connection was cut", "check the network and run it again"},
	{"error reading from server", "the connection was cut", "check the network and run it again"},
	{"EOF", "the connection was cut", "check the network and run it again"},
}

func (r *Refusal) unreachable() string {
	if r.Code == codes.DeadlineExceeded {
		return fmt.Sprintf("%s: no answer within the time limit%s; check the network and https_proxy, or run it again", r.host, r.tried())
	}
	for _, c := range connection {
		if strings.Contains(r.Message, c.text) {
			return fmt.Sprintf("%s: %s%s; %s", r.host, c.why, r.tried(), c.next)
		}
	}
	return fmt.Sprintf("%s answers %s%s (%s); run it again later", r.host, r.Code, r.tried(), r.Message)
}
