package charts

import (
	"context"
	"fmt"

	helm "helm.sh/helm/v4/pkg/registry"

	"github.com/metal-stack/initial-cluster/internal/registry"
)

func (s Source) artifact() registry.Source {
	return registry.Source{
		What: "chart", Ref: s.Ref, Version: s.Version, Digest: s.Digest, Username: s.Username, Password: s.Password, PlainHTTP: s.PlainHTTP, Mirrors: s.Mirrors,
	}
}

func (s Source) fetchOCI(ctx context.Context) (*Chart, error) {
	artifact := s.artifact()
	var err error
	if artifact.Client, err = registry.NewClient(s.CAFile); err != nil {
		return nil, fmt.Errorf("chart %s: %w", s.Ref, err)
	}
	archive, digest, err := artifact.Pull(ctx, helm.ChartLayerMediaType, helm.LegacyChartLayerMediaType)
	if err != nil {
		return nil, err
	}
	return archived(artifact.Address().String(), archive, digest), nil
}
