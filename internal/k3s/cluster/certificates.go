package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Certificate is one of a node's.
type Certificate struct {
	Filename   string
	Subject    string
	ExpiryTime time.Time
	Status     string // OK, WARNING, EXPIRED or NOT YET VALID
}

// Certificates are those of the node that the host is, server or agent, whether k3s runs or not. An empty path of k3s is DefaultK3s, an
// empty folder of data k3s' default.
func Certificates(ctx context.Context, h Host, k3s, dataDir string) ([]Certificate, error) {
	out, err := h.Run(ctx, certificateCommand(k3s, dataDir, "check", "--output=json"))
	if err != nil {
		return nil, err
	}
	var answer struct{ Certificates []Certificate }
	if err := json.Unmarshal([]byte(out.Stdout), &answer); err != nil {
		return nil, fmt.Errorf("k3s certificate check: no JSON: %w", err)
	}
	return answer.Certificates, nil
}

// RotateCertificates makes the next start of k3s issue new certificates, of the services named or of all; new names in tls-san come into
// them by that alone. k3s must be stopped, and the caller holds a Turn. The old ones are kept beside.
func RotateCertificates(ctx context.Context, h Host, k3s, dataDir string, services ...string) error {
	words := []string{"rotate"}
	if len(services) > 0 {
		words = append(words, "--service="+strings.Join(services, ","))
	}
	_, err := h.Run(ctx, certificateCommand(k3s, dataDir, words...))
	return err
}

func certificateCommand(k3s, dataDir string, words ...string) host.Command {
	if k3s == "" {
		k3s = DefaultK3s
	}
	if dataDir != "" {
		words = append(words, "--data-dir="+dataDir)
	}
	return host.Words(append([]string{k3s, "certificate"}, words...)...)
}
