package gke

import "fmt"

// Context is the name that gcloud gives a cluster in a kubeconfig.
func (p Place) Context() string { return "gke_" + p.Project + "_" + p.Location + "_" + p.Name }

// Reach is how clients reach a cluster's API. Without a CA the certificate is one that everybody trusts.
type Reach struct {
	Server string
	CA     []byte // PEM
}

// Endpoints are the ways to a cluster's API: the public address, the one inside its network, and its name. Auto takes the first that
// the cluster has enabled.
const (
	Auto    = "auto"
	Public  = "public"
	Private = "private"
	DNS     = "dns"
)

// Reach gives the way to the cluster's API over an endpoint.
func (s *State) Reach(over string) (Reach, error) {
	c := s.Cluster
	if over == Auto {
		over = s.auto()
	}
	addresses := map[string]string{
		Public: c.GetEndpoint(), Private: privateEndpoint(c), DNS: c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetEndpoint(),
	}
	if !publicEndpointOf(c) {
		addresses[Public] = ""
	}
	if !c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetAllowExternalTraffic() {
		addresses[DNS] = ""
	}
	if addresses[over] == "" {
		return Reach{}, fmt.Errorf("the cluster has no %s endpoint that can be used; choose another in kubeconfig_endpoint", over)
	}
	reach := Reach{Server: "https://" + addresses[over]}
	if over != DNS {
		reach.CA = authority(c)
	}
	return reach, nil
}

func (s *State) auto() string {
	ip := s.Cluster.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	switch {
	case ip != nil && ip.Enabled != nil && !*ip.Enabled:
		return DNS
	case !publicEndpointOf(s.Cluster):
		return Private
	}
	return Public
}
