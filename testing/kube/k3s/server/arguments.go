package server

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/controlplane"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

func (s *Server) apiserverArguments() []string {
	o := s.Settings
	arguments := []string{
		"--advertise-address=" + o.AdvertiseAddress, fmt.Sprintf("--secure-port=%d", apiserverPort),
		"--allow-privileged=true", "--anonymous-auth=false", "--api-audiences=https://kubernetes.default.svc." + o.ClusterDomain + ",k3s",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--enable-aggregator-routing=true",
		"--enable-bootstrap-token-auth=true", "--client-ca-file=" + s.tls("client-ca.crt"), "--cert-dir=" + s.tls("temporary-certs"),
		"--kubelet-certificate-authority=" + s.tls("server-ca.crt"), "--kubelet-client-certificate=" + s.tls("client-kube-apiserver.crt"),
		"--kubelet-client-key=" + s.tls("client-kube-apiserver.key"), "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--proxy-client-cert-file=" + s.tls("client-auth-proxy.crt"), "--proxy-client-key-file=" + s.tls("client-auth-proxy.key"),
		"--requestheader-allowed-names=system:auth-proxy", "--requestheader-client-ca-file=" + s.tls("request-header-ca.crt"),
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User", "--service-account-issuer=https://kubernetes.default.svc." + o.ClusterDomain,
		"--service-account-key-file=" + s.tls("service.key"), "--service-account-signing-key-file=" + s.tls("service.current.key"),
		"--service-cluster-ip-range=" + strings.Join(o.ServiceCIDR, ","), "--service-node-port-range=" + o.ServiceNodePortRange,
		"--storage-backend=etcd3", "--tls-cert-file=" + s.tls("serving-kube-apiserver.crt"),
		"--tls-private-key-file=" + s.tls("serving-kube-apiserver.key"), "--profiling=false", controlplane.Emulate(stamp.Minor()),
	}
	arguments = append(arguments, s.storeArguments()...)
	if _, err := os.Stat(s.cred("encryption-config.json")); err == nil {
		arguments = append(arguments, "--encryption-provider-config="+s.cred("encryption-config.json"), "--encryption-provider-config-automatic-reload=true")
	}
	return override(arguments, o.KubeAPIServerArg)
}

func (s *Server) storeArguments() []string {
	arguments := []string{"--etcd-servers=" + s.store.Client().Endpoints()[0]}
	if s.store.Alone {
		return arguments
	}
	return append(arguments, "--etcd-cafile="+s.tls("etcd/server-ca.crt"), "--etcd-certfile="+s.tls("etcd/client.crt"), "--etcd-keyfile="+s.tls("etcd/client.key"))
}

func (s *Server) controllerArguments() []string {
	arguments := []string{
		"--kubeconfig=" + s.cred("controller.kubeconfig"), "--secure-port=0", "--allocate-node-cidrs=true",
		"--cluster-cidr=" + strings.Join(s.Settings.ClusterCIDR, ","), "--service-cluster-ip-range=" + strings.Join(s.Settings.ServiceCIDR, ","),
		"--root-ca-file=" + s.tls("server-ca.crt"), "--service-account-private-key-file=" + s.tls("service.current.key"),
		"--cluster-signing-kube-apiserver-client-cert-file=" + s.tls("client-ca.crt"),
		"--cluster-signing-kube-apiserver-client-key-file=" + s.tls("client-ca.key"),
		"--cluster-signing-kubelet-client-cert-file=" + s.tls("client-ca.crt"), "--cluster-signing-kubelet-client-key-file=" + s.tls("client-ca.key"),
		"--cluster-signing-kubelet-serving-cert-file=" + s.tls("server-ca.crt"), "--cluster-signing-kubelet-serving-key-file=" + s.tls("server-ca.key"),
		"--cluster-signing-legacy-unknown-cert-file=" + s.tls("server-ca.crt"), "--cluster-signing-legacy-unknown-key-file=" + s.tls("server-ca.key"),
		"--controllers=*,tokencleaner", "--use-service-account-credentials=true", "--profiling=false",
	}
	return override(arguments, s.Settings.KubeControllerManagerArg)
}

func (s *Server) schedulerArguments() []string {
	arguments := []string{"--kubeconfig=" + s.cred("scheduler.kubeconfig"), "--secure-port=0", "--profiling=false"}
	return override(arguments, s.Settings.KubeSchedulerArg)
}

// override puts what an operator gave in the place of what k3s would say.
func override(arguments, given []string) []string {
	for _, extra := range given {
		extra = "--" + strings.TrimLeft(extra, "-")
		name, _, _ := strings.Cut(extra, "=")
		arguments = slices.DeleteFunc(arguments, func(a string) bool { return strings.HasPrefix(a, name+"=") })
		arguments = append(arguments, extra)
	}
	return arguments
}
