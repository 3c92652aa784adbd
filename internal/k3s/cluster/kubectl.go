package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// systemNamespace is where k3s keeps what is its own.
const systemNamespace = "kube-system"

// kubectl runs k3s kubectl on the host. A command that hangs at an API without quorum ends by itself.
func (c *Cluster) kubectl(ctx context.Context, input string, words ...string) (string, error) {
	command := host.Words(append([]string{c.access.K3s, "kubectl", "--request-timeout=" + askTimeout.String()}, words...)...)
	command.Stdin = strings.NewReader(input)
	if c.access.Kubeconfig != "" {
		command.Env = map[string]string{"KUBECONFIG": c.access.Kubeconfig}
	}
	out, err := c.access.Host.Run(ctx, command)
	return out.Stdout, err
}

// get reads an object, or a list of them, into a value. What is not there leaves it as it is.
func (c *Cluster) get(ctx context.Context, into any, words ...string) error {
	said, err := c.kubectl(ctx, "", append([]string{"get", "--ignore-not-found", "--output=json"}, words...)...)
	if err != nil || strings.TrimSpace(said) == "" {
		return err
	}
	if err := json.Unmarshal([]byte(said), into); err != nil {
		return fmt.Errorf("k3s kubectl get %s: no JSON: %w", strings.Join(words, " "), err)
	}
	return nil
}

// write creates an object, or replaces the version that it names, as the words say.
func (c *Cluster) write(ctx context.Context, object any, words ...string) error {
	content, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = c.kubectl(ctx, string(content), append(words, "--filename=-")...)
	return err
}

// unanswered tells that a command came to an end and failed: kubectl's exit code is the same whether an API is away or refuses. A host
// that is lost is another matter.
func unanswered(err error) (state string, fatal error) {
	var failed *host.RunError
	if errors.As(err, &failed) && failed.Code != 127 && failed.Code != 126 {
		return failed.Error(), nil
	}
	return "", err
}
