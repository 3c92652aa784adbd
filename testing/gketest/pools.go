package gketest

import (
	"context"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// GetNodePool tells one node pool.
func (s *Server) GetNodePool(_ context.Context, r *containerpb.GetNodePoolRequest) (*containerpb.NodePool, error) {
	c := s.Cluster(clusterName(r.Name))
	_, _, below := place(r.Name)
	if c == nil || len(below) < 2 || poolOf(c, below[1]) == nil {
		return nil, notFound(r.Name)
	}
	return poolOf(c, below[1]), nil
}

// ListNodePools tells the node pools of a cluster.
func (s *Server) ListNodePools(_ context.Context, r *containerpb.ListNodePoolsRequest) (*containerpb.ListNodePoolsResponse, error) {
	c := s.Cluster(r.Parent)
	if c == nil {
		return nil, notFound(r.Parent)
	}
	return &containerpb.ListNodePoolsResponse{NodePools: c.NodePools}, nil
}

// CreateNodePool begins the creation of a node pool.
func (s *Server) CreateNodePool(ctx context.Context, r *containerpb.CreateNodePoolRequest) (*containerpb.Operation, error) {
	pool := proto.CloneOf(r.NodePool)
	if pool == nil {
		return nil, refuse(codes.InvalidArgument, "Node_pool must be set.")
	}
	_, location, _ := place(r.Parent)
	if err := checkPool(pool, location); err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	c, err := s.idle(r.Parent)
	if err != nil {
		return nil, err
	}
	if poolOf(c.Cluster, pool.Name) != nil {
		return nil, refuse(codes.AlreadyExists, "Already exists: %s.", told(r.Parent)+"/nodePools/"+pool.Name)
	}
	if err := s.checkNodeAccount(ctx, c.project, pool.GetConfig().GetServiceAccount()); err != nil {
		return nil, err
	}
	if m := pool.Management; m != nil && c.ReleaseChannel.GetChannel() != containerpb.ReleaseChannel_UNSPECIFIED {
		if err := checkManagement(m, c.ReleaseChannel.Channel); err != nil {
			return nil, err
		}
	}
	fillPool(c, pool, or(newest(versions(location), pool.Version), c.CurrentMasterVersion))
	before := proto.CloneOf(pool)
	before.Status = containerpb.NodePool_PROVISIONING
	c.NodePools = append(c.NodePools, before)
	wanted := change{kind: containerpb.Operation_CREATE_NODE_POOL, pool: pool.Name, after: proto.CloneOf(c.Cluster), nodes: int(nodes(pool))}
	return s.begin(c, wanted)
}

// DeleteNodePool begins the deletion of a node pool.
func (s *Server) DeleteNodePool(_ context.Context, r *containerpb.DeleteNodePoolRequest) (*containerpb.Operation, error) {
	return s.changePool(r.Name, containerpb.Operation_DELETE_NODE_POOL, "", func(_ *cluster, after *containerpb.Cluster, pool *containerpb.NodePool) error {
		after.NodePools = slices.DeleteFunc(after.NodePools, func(p *containerpb.NodePool) bool { return p == pool })
		return nil
	})
}

// changePool is change for a node pool.
func (s *Server) changePool(name string, kind containerpb.Operation_Type, etag string,
	edit func(c *cluster, after *containerpb.Cluster, pool *containerpb.NodePool) error,
) (*containerpb.Operation, error) {
	_, _, below := place(name)
	if len(below) != 2 {
		return nil, refuse(codes.InvalidArgument, "Name %q is not that of a node pool.", name)
	}
	return s.change(name, kind, etag, func(c *cluster, after *containerpb.Cluster) error { return edit(c, after, poolOf(after, below[1])) })
}

// SetNodePoolAutoscaling changes the bounds.
func (s *Server) SetNodePoolAutoscaling(_ context.Context, r *containerpb.SetNodePoolAutoscalingRequest) (*containerpb.Operation, error) {
	return s.scale(r.Name, r.Autoscaling)
}

func (s *Server) scale(name string, wanted *containerpb.NodePoolAutoscaling) (*containerpb.Operation, error) {
	return s.changePool(name, containerpb.Operation_UPDATE_CLUSTER, "", func(_ *cluster, _ *containerpb.Cluster, pool *containerpb.NodePool) error {
		if err := checkAutoscaling(wanted, 0); err != nil {
			return err
		}
		pool.Autoscaling = proto.CloneOf(wanted)
		if wanted.GetEnabled() && wanted.GetLocationPolicy() == 0 {
			pool.Autoscaling.LocationPolicy = containerpb.NodePoolAutoscaling_BALANCED
		}
		return nil
	})
}

// SetNodePoolManagement turns upgrades and repairs on and off.
func (s *Server) SetNodePoolManagement(_ context.Context, r *containerpb.SetNodePoolManagementRequest) (*containerpb.Operation, error) {
	return s.changePool(r.Name, containerpb.Operation_SET_NODE_POOL_MANAGEMENT, "", func(c *cluster, _ *containerpb.Cluster, pool *containerpb.NodePool) error {
		if c.ReleaseChannel.GetChannel() != containerpb.ReleaseChannel_UNSPECIFIED {
			if err := checkManagement(orNew(r.Management), c.ReleaseChannel.Channel); err != nil {
				return err
			}
		}
		pool.Management = proto.CloneOf(r.Management)
		return nil
	})
}

// SetNodePoolSize changes the count of nodes.
func (s *Server) SetNodePoolSize(_ context.Context, r *containerpb.SetNodePoolSizeRequest) (*containerpb.Operation, error) {
	return s.changePool(r.Name, containerpb.Operation_SET_NODE_POOL_SIZE, "", func(_ *cluster, _ *containerpb.Cluster, pool *containerpb.NodePool) error {
		if pool.GetAutoscaling().GetEnabled() {
			return refuse(codes.InvalidArgument, "Node pool %q has autoscaling enabled; its size cannot be set.", pool.Name)
		}
		if r.NodeCount < 0 || r.NodeCount > 1000 {
			return refuse(codes.InvalidArgument, "Invalid value for field \"node_count\": %d. Must be between 0 and 1000.", r.NodeCount)
		}
		pool.InitialNodeCount = r.NodeCount
		return nil
	})
}

// UpdateNodePool changes what nodes are made of, and replaces them.
func (s *Server) UpdateNodePool(_ context.Context, r *containerpb.UpdateNodePoolRequest) (*containerpb.Operation, error) {
	if len(r.Locations) > 0 {
		rest := proto.CloneOf(r)
		rest.Locations, rest.Name, rest.Etag = nil, "", ""
		if proto.Size(rest) > 0 {
			return nil, refuse(codes.InvalidArgument, "Node pool locations cannot be updated together with other fields.")
		}
	}
	return s.replaceNodes(r.Name, r)
}

func (s *Server) replaceNodes(name string, r *containerpb.UpdateNodePoolRequest) (*containerpb.Operation, error) {
	return s.changePool(name, containerpb.Operation_UPGRADE_NODES, r.Etag, func(c *cluster, after *containerpb.Cluster, pool *containerpb.NodePool) error {
		config := &containerpb.NodeConfig{MachineType: r.MachineType, DiskType: r.DiskType, DiskSizeGb: int32(r.DiskSizeGb), ImageType: r.ImageType}
		if err := checkConfig(config, c.Location); err != nil {
			return err
		}
		if r.NodeVersion != "" {
			version, err := nodeVersion(c, r.NodeVersion)
			if err != nil {
				return err
			}
			pool.Version, after.CurrentNodeVersion = version, version
		}
		if len(r.Locations) > 0 {
			pool.Locations = r.Locations
		}
		if r.UpgradeSettings != nil {
			pool.UpgradeSettings = r.UpgradeSettings
		}
		applyConfig(r, pool.Config)
		return nil
	})
}

func applyConfig(r *containerpb.UpdateNodePoolRequest, config *containerpb.NodeConfig) {
	if r.Labels != nil {
		config.Labels = r.Labels.Labels
	}
	if r.Taints != nil {
		config.Taints = r.Taints.Taints
	}
	if r.Tags != nil {
		config.Tags = r.Tags.Tags
	}
	if r.WorkloadMetadataConfig != nil {
		config.WorkloadMetadataConfig = r.WorkloadMetadataConfig
	}
	config.MachineType, config.ImageType = or(r.MachineType, config.MachineType), or(r.ImageType, config.ImageType)
	config.DiskType, config.DiskSizeGb = or(r.DiskType, config.DiskType), or(int32(r.DiskSizeGb), config.DiskSizeGb)
	fillConfig(config)
}

func nodeVersion(c *cluster, wanted string) (string, error) {
	if wanted == "-" {
		return c.CurrentMasterVersion, nil
	}
	version := newest(append(slices.Clone(versions(c.Location)), c.CurrentMasterVersion), wanted)
	switch {
	case version == "":
		return "", refuse(codes.InvalidArgument, "Node version %q is unsupported.", wanted)
	case older(c.CurrentMasterVersion, version):
		return "", refuse(codes.InvalidArgument, "Node version %q must not be newer than the master version %q.", version, c.CurrentMasterVersion)
	}
	return version, nil
}
