package gcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/reach"
)

// explain makes one line of a failure. It quotes what Google said of an error and nothing else: a good answer holds a token.
func (c *Credentials) explain(ctx context.Context, err error, last exchange, tries int) error {
	doing := "mint a token for " + c.Describe()
	why := ""
	switch {
	case last.status == 0 && last.host != "" && c.kind == Metadata && last.host == metadataHost():
		why = misread(last)
	case last.status == 0 && last.host != "":
		why = unreachable(ctx, last)
	case last.status >= http.StatusBadRequest:
		why = c.refused(last)
	case last.host == "":
		return fmt.Errorf("%s: %w", doing, err) // nothing was sent: the library's words on what it was given
	default:
		why = last.hostOf() + " answers something that is no token; check whether a proxy answers in its place"
	}
	if tries > 1 {
		doing = fmt.Sprintf("%s, %d tries", doing, tries)
	}
	return fmt.Errorf("%s: %s", doing, why)
}

// unreachable says why a server gave no answer.
func unreachable(ctx context.Context, last exchange) string {
	reason := reach.Explain(ctx, last.err)
	return last.hostOf() + ": " + reason.Why + "; " + reason.Next
}

// refused says what an error answer means for these credentials.
func (c *Credentials) refused(last exchange) string {
	said := last.refusal()
	switch {
	case said.reason == "SERVICE_DISABLED":
		return disabled(said)
	case strings.HasSuffix(last.path, ":generateAccessToken"):
		return c.refusedImpersonation(last, said)
	case c.kind == ServiceAccount && said.code != "":
		return c.refusedKey(last, said)
	case c.kind == Metadata:
		return misread(last)
	case c.kind == ExternalAccount && last.host == c.workload:
		return fmt.Sprintf("%s answers %d %s instead of the workload's token; check credential_source", last.hostOf(), last.status, http.StatusText(last.status))
	case c.kind == ExternalAccount && said.code != "":
		return last.hostOf() + " refuses the workload's token: " + said.quote() + "; check audience and credential_source"
	case c.kind == AuthorizedUser && said.code == "invalid_grant":
		return "the login has expired or was revoked (" + said.quote() + "); log in again: gcloud auth application-default login"
	}
	return answered(last, said)
}

// answered is the sentence for what has no better one.
func answered(last exchange, said refusal) string {
	what := fmt.Sprintf("%s answers %d %s", last.hostOf(), last.status, http.StatusText(last.status))
	if said.code != "" {
		what += " (" + said.quote() + ")"
	}
	if last.temporary() {
		return what + "; try again later"
	}
	return what + "; check whether a proxy answers in its place"
}

func (r refusal) quote() string {
	if r.text == "" {
		return r.code
	}
	return r.code + ": " + r.text
}

// refusedKey knows the texts of https://developers.google.com/identity/protocols/oauth2/service-account#error-codes: their
// codes do not tell them apart.
func (c *Credentials) refusedKey(last exchange, said refusal) string {
	key := "key " + c.keyID
	switch {
	case said.code == "invalid_grant" && strings.Contains(said.text, "JWT Signature"):
		return key + " is revoked or not the account's; make a new key and give that one"
	case said.code == "invalid_grant" && strings.Contains(said.text, "short-lived"):
		return "Google refuses the time of the request; " + skew(last.date)
	case said.code == "invalid_grant" && strings.Contains(said.text, "account not found"):
		return "there is no such account; check client_email, or make the account and a new key"
	case said.code == "disabled_client":
		return "the account is disabled; enable it: gcloud iam service-accounts enable " + c.account
	case said.code == "invalid_scope":
		return "Google does not know one of the scopes " + strings.Join(c.source.Scopes, " ") + "; check scopes"
	case last.temporary():
		return answered(last, said)
	}
	return last.hostOf() + " refuses " + key + ": " + said.quote() + "; check the account in the Google Cloud console"
}

// skew compares this host's clock with the time Google stamped its answer with.
func skew(stamped time.Time) string {
	by := time.Since(stamped).Round(time.Minute)
	switch {
	case stamped.IsZero() || by.Abs() < 5*time.Minute:
		return "check the clock of this host and what stands between"
	case by < 0:
		return "the clock of this host is " + (-by).String() + " behind, set it right (timedatectl)"
	default:
		return "the clock of this host is " + by.String() + " ahead, set it right (timedatectl)"
	}
}

func disabled(said refusal) string {
	service := said.metadata["service"]
	number := strings.TrimPrefix(said.metadata["consumer"], "projects/")
	return fmt.Sprintf("%s is disabled in project %s; enable it and wait some minutes: gcloud services enable %s --project %s", service, number, service, number)
}

func (c *Credentials) refusedImpersonation(last exchange, said refusal) string {
	target := c.Account()
	switch {
	case said.reason == "IAM_PERMISSION_DENIED" && len(c.source.Delegates) > 0:
		return fmt.Sprintf("permission %s is missing on the way to %s; grant each account roles/iam.serviceAccountTokenCreator on the next",
			said.metadata["permission"], target)
	case said.code == "PERMISSION_DENIED" && c.kind == ExternalAccount && c.source.Impersonate == "":
		return fmt.Sprintf("the identity of this configuration may not act as %s; grant it roles/iam.workloadIdentityUser on that account", target)
	case said.reason == "IAM_PERMISSION_DENIED" || said.code == "PERMISSION_DENIED":
		return fmt.Sprintf("%s may not act as %s; grant it roles/iam.serviceAccountTokenCreator on that account", c.own(), target)
	case said.code == "NOT_FOUND":
		return "there is no account " + c.unknownAccount(said) + "; check the address"
	case said.code == "UNAUTHENTICATED":
		return last.hostOf() + " does not accept the token of " + c.own() + "; it has expired or was revoked"
	}
	return answered(last, said)
}

// unknownAccount is the link of the chain that Google names, and else its end.
func (c *Credentials) unknownAccount(said refusal) string {
	for _, delegate := range c.source.Delegates {
		if strings.Contains(said.text, delegate) {
			return delegate
		}
	}
	return c.Account()
}

// own is who the credentials are without impersonation.
func (c *Credentials) own() string {
	switch {
	case c.account != "":
		return c.account
	case c.kind == ExternalAccount:
		return "the identity of this configuration"
	case c.kind == AuthorizedUser:
		return "the user who logged in"
	}
	return "the account of the access token"
}
