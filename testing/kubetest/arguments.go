package kubetest

import (
	"fmt"
	"strings"
)

// emulation makes a server that shows an earlier minor behave as that, too.
func (c *Cluster) emulation() []string {
	parts := strings.SplitN(strings.TrimPrefix(c.options.Version, "v"), ".", 3)
	if len(parts) < 3 {
		return nil
	}
	return []string{"--emulated-version=kube=" + parts[0] + "." + parts[1]}
}

func (c *Cluster) etcdArguments() []string {
	client, peer := fmt.Sprintf("https://127.0.0.1:%d", c.ports.Etcd), fmt.Sprintf("http://127.0.0.1:%d", c.ports.Peer)
	return []string{
		"--name=kubetest", "--data-dir=" + c.path("etcd"),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=kubetest=" + peer,
		"--cert-file=" + c.path("server.crt"), "--key-file=" + c.path("server.key"),
		"--client-cert-auth", "--trusted-ca-file=" + c.path("ca.crt"),
		// The data has to outlive processes, not the machine.
		"--unsafe-no-fsync", "--log-level=warn",
	}
}

func (c *Cluster) apiserverArguments() []string {
	arguments := []string{
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", c.ports.API),
		// Endpoints of the service kubernetes may not be on loopback.
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", c.ports.Etcd), "--etcd-cafile=" + c.path("ca.crt"),
		"--etcd-certfile=" + c.path("admin.crt"), "--etcd-keyfile=" + c.path("admin.key"),
		"--tls-cert-file=" + c.path("server.crt"), "--tls-private-key-file=" + c.path("server.key"), "--client-ca-file=" + c.path("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.path("service-accounts.crt"),
		"--service-account-signing-key-file=" + c.path("service-accounts.key"),
		"--service-cluster-ip-range=" + c.options.ServiceCIDR, "--authorization-mode=Node,RBAC",
	}
	if c.options.TokenReview != "" {
		arguments = append(arguments, "--authentication-token-webhook-config-file="+c.path("token-review.kubeconfig"),
			"--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=5s")
	}
	return append(arguments, c.emulation()...)
}

func (c *Cluster) controllerArguments() []string {
	return append(c.emulation(),
		"--kubeconfig="+c.Kubeconfig(), "--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false",
		"--use-service-account-credentials", "--service-account-private-key-file="+c.path("service-accounts.key"),
		"--root-ca-file="+c.path("ca.crt"), "--cluster-signing-cert-file="+c.path("ca.crt"),
		"--cluster-signing-key-file="+c.path("ca.key"),
	)
}

func (c *Cluster) schedulerArguments() []string {
	return append(c.emulation(), "--kubeconfig="+c.Kubeconfig(), "--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false")
}
