package metalstackcloudtest

import "time"

type assetMessage struct {
	Region       regionMessage             `json:"region"`
	MachineTypes map[string]machineMessage `json:"machineTypes"`
	Kubernetes   []offeredVersion          `json:"kubernetes"`
}

type regionMessage struct {
	ID         string                      `json:"id"`
	Name       string                      `json:"name"`
	Active     bool                        `json:"active,omitempty"`
	Partitions map[string]partitionMessage `json:"partitions"`
	Defaults   defaultsMessage             `json:"defaults"`
}

type partitionMessage struct {
	ID     string `json:"id"`
	Active bool   `json:"active,omitempty"`
}

type machineMessage struct {
	ID     string `json:"id"`
	CPUs   int    `json:"cpus"`
	Memory string `json:"memory"` // 64 bits: a string in JSON
}

type offeredVersion struct {
	Version    string `json:"version"`
	Expiration string `json:"expiration,omitempty"`
}

type defaultsMessage struct {
	MachineType       string `json:"machineType"`
	KubernetesVersion string `json:"kubernetesVersion"`
	WorkerMin         int    `json:"workerMin"`
	WorkerMax         int    `json:"workerMax"`
	Partition         string `json:"partition"`
}

type assetsAnswer struct {
	Assets []assetMessage `json:"assets"`
}

// offered is what the stand-in offers. The minors are those that the Kubernetes of the tests can be.
func offered() []assetMessage {
	past, future := time.Now().AddDate(0, -1, 0).UTC().Format(time.RFC3339), time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)
	return []assetMessage{{
		Region: regionMessage{ID: "muc", Name: "Munich", Active: true,
			Partitions: map[string]partitionMessage{"eqx-mu4": {"eqx-mu4", true}, "eqx-mu5": {"eqx-mu5", true}, "eqx-mu1": {"eqx-mu1", false}},
			Defaults:   defaultsMessage{"n1-medium-x86", "1.35.7", 1, 3, "eqx-mu4"},
		},
		MachineTypes: map[string]machineMessage{"n1-medium-x86": {"n1-medium-x86", 8, "137438953472"}, "c1-large-x86": {"c1-large-x86", 24, "274877906944"}},
		Kubernetes:   []offeredVersion{{"1.33.9", past}, {"1.34.6", future}, {"1.34.8", future}, {"1.35.4", future}, {"1.35.7", future}, {"1.36.3", future}},
	}}
}

func (s *Server) listAssets(*token, *empty) (*assetsAnswer, error) {
	return &assetsAnswer{s.offered}, nil
}

func (s *Server) offers(partition string) *assetMessage {
	for i, a := range s.offered {
		if p, ok := a.Region.Partitions[partition]; ok && p.Active {
			return &s.offered[i]
		}
	}
	return nil
}
