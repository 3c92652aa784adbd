package gketest

import (
	"context"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// UpdateCluster changes one thing: Google takes one field a request, but for those that belong together.
func (s *Server) UpdateCluster(_ context.Context, r *containerpb.UpdateClusterRequest) (*containerpb.Operation, error) {
	u := orNew(r.Update)
	fields := desired(u)
	if len(fields) == 0 {
		return nil, refuse(codes.InvalidArgument, "Must specify a field to update.")
	}
	if len(fields) > 1 && !together(fields) {
		return nil, refuse(codes.InvalidArgument, "Must specify only one field to update, got %v.", fields)
	}
	switch {
	case u.DesiredMasterVersion != "":
		return s.upgradeMaster(r.Name, u.DesiredMasterVersion, u.Etag)
	case u.DesiredNodeVersion != "" || u.DesiredImageType != "" || u.DesiredNodePoolAutoscaling != nil:
		return s.updatePool(r.Name, u)
	}
	return s.change(r.Name, containerpb.Operation_UPDATE_CLUSTER, u.Etag, func(c *cluster, after *containerpb.Cluster) error {
		if in := u.DesiredReleaseChannel; in != nil {
			if err := checkChannel(c, in); err != nil {
				return err
			}
		}
		return apply(u, after)
	})
}

// desired are the names of the fields that are set, but for the etag, which is none to update.
func desired(u *containerpb.ClusterUpdate) []protoreflect.Name {
	var names []protoreflect.Name
	u.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if f.Name() != "etag" {
			names = append(names, f.Name())
		}
		return true
	})
	return names
}

// together tells whether fields may come in one request.
func together(fields []protoreflect.Name) bool {
	pool, pair := 0, 0
	for _, name := range fields {
		switch name {
		case "desired_node_pool_id":
			pool++
		case "desired_logging_service", "desired_monitoring_service", "desired_logging_config", "desired_monitoring_config":
			pair++
		}
	}
	return pool == 1 && len(fields) == 2 || pair == len(fields)
}

// apply copies desired_x to the cluster's x. Of addons those that are named change.
func apply(u *containerpb.ClusterUpdate, after *containerpb.Cluster) error {
	var failure error
	to := after.ProtoReflect()
	u.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if f.Name() == "etag" {
			return true
		}
		name := f.Name()[len("desired_"):]
		target := to.Descriptor().Fields().ByName(name)
		switch {
		case target == nil || target.Kind() != f.Kind() || target.Cardinality() != f.Cardinality():
			failure = refuse(codes.Unimplemented, "The emulator of GKE cannot update %s.", name)
		case name == "addons_config":
			value.Message().Range(func(addon protoreflect.FieldDescriptor, setting protoreflect.Value) bool {
				to.Mutable(target).Message().Set(addon, setting)
				return true
			})
		case name == "control_plane_endpoints_config":
			reach(after.ControlPlaneEndpointsConfig, u.DesiredControlPlaneEndpointsConfig)
		default:
			to.Set(target, value)
		}
		return failure == nil
	})
	return failure
}

// reach changes how the control plane is reached: what is not set stays, and a list of networks replaces the one before.
func reach(has, wanted *containerpb.ControlPlaneEndpointsConfig) {
	if networks := wanted.GetIpEndpointsConfig().GetAuthorizedNetworksConfig(); networks != nil {
		has.IpEndpointsConfig.AuthorizedNetworksConfig = nil
	}
	proto.Merge(has, wanted)
}

func checkChannel(c *cluster, in *containerpb.ReleaseChannel) error {
	for _, pool := range c.NodePools {
		if in.Channel != containerpb.ReleaseChannel_UNSPECIFIED {
			if err := checkManagement(pool.Management, in.Channel); err != nil {
				return err
			}
		}
	}
	for _, known := range channels {
		if known.name == in.Channel && !contains(known.versions(c.Location), c.CurrentMasterVersion) {
			return refuse(codes.InvalidArgument, "Cluster's master version %q is not available in the %s channel.", c.CurrentMasterVersion, in.Channel)
		}
	}
	return nil
}

// UpdateMaster upgrades the control plane.
func (s *Server) UpdateMaster(_ context.Context, r *containerpb.UpdateMasterRequest) (*containerpb.Operation, error) {
	return s.upgradeMaster(r.Name, r.MasterVersion, "")
}

func (s *Server) upgradeMaster(name, wanted, etag string) (*containerpb.Operation, error) {
	return s.change(name, containerpb.Operation_UPGRADE_MASTER, etag, func(c *cluster, after *containerpb.Cluster) error {
		offers := versions(c.Location)
		if wanted == "-" {
			wanted = regular.defaultVersion(c.Location)
		}
		version := newest(offers, wanted)
		switch {
		case version == "":
			return badVersion(c.Location, wanted, nil)
		case older(version, c.CurrentMasterVersion):
			return refuse(codes.InvalidArgument, "Master cannot be upgraded to %q: it is older than the current version %q.", version, c.CurrentMasterVersion)
		case minor(version) > minor(c.CurrentMasterVersion)+1:
			return refuse(codes.InvalidArgument, "Master cannot be upgraded to %q: cannot upgrade the master more than a minor version at a time.", version)
		}
		after.CurrentMasterVersion = version
		return nil
	})
}

// updatePool is what UpdateCluster does to a node pool.
func (s *Server) updatePool(name string, u *containerpb.ClusterUpdate) (*containerpb.Operation, error) {
	if u.DesiredNodePoolId == "" {
		c := s.Cluster(name)
		if c == nil {
			return nil, notFound(name)
		}
		if len(c.NodePools) != 1 {
			return nil, refuse(codes.InvalidArgument, "Must specify desired_node_pool_id.")
		}
		u.DesiredNodePoolId = c.NodePools[0].Name
	}
	pool := name + "/nodePools/" + u.DesiredNodePoolId
	if u.DesiredNodePoolAutoscaling != nil {
		return s.scale(pool, u.DesiredNodePoolAutoscaling)
	}
	return s.replaceNodes(pool, &containerpb.UpdateNodePoolRequest{NodeVersion: u.DesiredNodeVersion, ImageType: u.DesiredImageType})
}

// CancelOperation stops what can be stopped.
func (s *Server) CancelOperation(_ context.Context, r *containerpb.CancelOperationRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.cancelOperation(r.Name)
}

func cancelled(operation string) *status.Status {
	return &status.Status{Code: int32(code.Code_CANCELLED), Message: "Operation " + operation + " was cancelled."}
}

// SetAddonsConfig is an older form of UpdateCluster, as are those that follow.
func (s *Server) SetAddonsConfig(ctx context.Context, r *containerpb.SetAddonsConfigRequest) (*containerpb.Operation, error) {
	return s.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: r.Name, Update: &containerpb.ClusterUpdate{DesiredAddonsConfig: proto.CloneOf(r.AddonsConfig)}})
}

// SetLocations changes the zones of the nodes.
func (s *Server) SetLocations(ctx context.Context, r *containerpb.SetLocationsRequest) (*containerpb.Operation, error) {
	return s.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: r.Name, Update: &containerpb.ClusterUpdate{DesiredLocations: r.Locations}})
}

// SetLoggingService changes where logs go.
func (s *Server) SetLoggingService(ctx context.Context, r *containerpb.SetLoggingServiceRequest) (*containerpb.Operation, error) {
	return s.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: r.Name, Update: &containerpb.ClusterUpdate{DesiredLoggingService: r.LoggingService}})
}

// SetMonitoringService changes where metrics go.
func (s *Server) SetMonitoringService(ctx context.Context, r *containerpb.SetMonitoringServiceRequest) (*containerpb.Operation, error) {
	return s.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: r.Name, Update: &containerpb.ClusterUpdate{DesiredMonitoringService: r.MonitoringService}})
}
