package kubeconfig

import (
	"context"
	"slices"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/gcp"
	"github.com/metal-stack/initial-cluster/modules/internal/auth"
)

// Credential is the command by which a module's program is the credential plugin of Kubernetes' clients: it mints a token and
// prints it in their form.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#input-and-output-formats
var Credential = ansible.NewCommand(flag, "print a token as the credential plugin of kubectl, which passes options as OPTION=VALUE", credentialOptions(), mint)

const flag = "exec-credential"

// patience is how long minting may take. kubectl itself waits for ever.
const patience = time.Minute

// credentialOptions are those of the credentials without the secrets: arguments can be read by everybody on the host.
func credentialOptions() []ansible.Option {
	return slices.DeleteFunc(auth.Options(), func(o ansible.Option) bool { return o.NoLog == ansible.Secret })
}

type execCredential struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Status     execStatus `json:"status"`
}

type execStatus struct {
	Token   string     `json:"token"`
	Expires *time.Time `json:"expirationTimestamp,omitempty"`
}

func mint(ctx context.Context, in auth.Params) (any, error) {
	if err := auth.Join(in.Problems()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	credentials, err := in.Open(ctx, "")
	if err != nil {
		return nil, err
	}
	token, err := credentials.Token(ctx)
	if err != nil {
		return nil, err
	}
	return execCredential{"ExecCredential", execV1, execStatus{token.Value, expiry(token)}}, nil
}

// expiry is when the client is to ask again.
func expiry(token gcp.Token) *time.Time {
	if token.Expires.IsZero() {
		return nil
	}
	at := token.Expires.UTC().Truncate(time.Second)
	return &at
}
