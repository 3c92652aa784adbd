package gketest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/metal-stack/initial-cluster/testing/certtest"
	"github.com/metal-stack/initial-cluster/testing/googletest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

const (
	parent  = "projects/my-project/locations/europe-west3-a"
	initial = parent + "/clusters/initial"
	pool    = initial + "/nodePools/default-pool"
)

// world is Google with one account, and a client that shows its token.
type world struct {
	containerpb.ClusterManagerClient
	*testing.T
	google  *googletest.Server
	options Options
	server  *Server
	ca      *certtest.Authority
	account googletest.Account
	ctx     context.Context
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{T: t}
	var err error
	w.ca, err = certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	o.Certificate, err = w.ca.ServerCertificate()
	require.NoError(t, err)
	w.google, err = googletest.Start(googletest.Options{Certificate: o.Certificate})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.google.Close()) })
	w.account, err = w.google.ServiceAccount("my-project", "deployer", "roles/container.admin", "roles/iam.serviceAccountUser")
	require.NoError(t, err)
	o.Google, o.CAFile = w.google, w.ca.File()
	w.options = o
	w.start()
	t.Cleanup(func() { require.NoError(t, w.server.Close()) })
	w.ctx = w.as(w.account.Email)
	return w
}

func (w *world) start() {
	w.Helper()
	var err error
	w.server, err = Start(w.options)
	require.NoError(w, err)
	conn, err := grpc.NewClient(w.server.Address(), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(w.ca.Pool(), "")))
	require.NoError(w, err)
	w.Cleanup(func() { require.NoError(w, conn.Close()) })
	w.ClusterManagerClient = containerpb.NewClusterManagerClient(conn)
}

func (w *world) token(email string) string {
	w.Helper()
	token, err := w.google.Mint(email, time.Hour, cloudPlatform, userinfoEmail)
	require.NoError(w, err)
	return token
}

func (w *world) as(email string) context.Context {
	return metadata.AppendToOutgoingContext(w.Context(), "authorization", "Bearer "+w.token(email))
}

// request is what metal-stack's roles send by default.
func request(w *world) *containerpb.CreateClusterRequest {
	w.Helper()
	r := &containerpb.CreateClusterRequest{}
	require.NoError(w, protojson.Unmarshal([]byte(`{"parent":"`+parent+`","cluster":{"name":"initial","masterAuth":{},
	 "addonsConfig":{"httpLoadBalancing":{},"horizontalPodAutoscaling":{},"kubernetesDashboard":{"disabled":true},"networkPolicyConfig":{"disabled":true}},
	 "ipAllocationPolicy":{"useIpAliases":true},"defaultMaxPodsConstraint":{"maxPodsPerNode":"110"},
	 "maintenancePolicy":{"window":{"recurringWindow":{"window":{"startTime":"2023-03-11T13:00:00Z","endTime":"2023-03-11T17:00:00Z"},"recurrence":"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"}}},
	 "nodePools":[{"name":"default-pool","initialNodeCount":1,"autoscaling":{"enabled":true,"minNodeCount":1,"maxNodeCount":3},"management":{"autoUpgrade":true,"autoRepair":true},
	  "config":{"machineType":"e2-standard-8","diskType":"pd-standard","diskSizeGb":100,"imageType":"COS_CONTAINERD","metadata":{"disable-legacy-endpoints":"true"}}}]}}`), r))
	return r
}

func (w *world) create() *containerpb.Operation {
	w.Helper()
	o, err := w.CreateCluster(w.ctx, request(w))
	require.NoError(w, err)
	return o
}

// done waits for an operation.
func (w *world) done(o *containerpb.Operation, err error) *containerpb.Operation {
	w.Helper()
	require.NoError(w, err)
	require.Eventually(w, func() bool {
		o, err = w.GetOperation(w.ctx, &containerpb.GetOperationRequest{Name: parent + "/operations/" + o.Name})
		require.NoError(w, err)
		return o.Status == containerpb.Operation_DONE
	}, time.Minute, 5*time.Millisecond)
	return o
}

func (w *world) get() *containerpb.Cluster {
	w.Helper()
	c, err := w.GetCluster(w.ctx, &containerpb.GetClusterRequest{Name: initial})
	require.NoError(w, err)
	return c
}

func TestAClusterThatIsRunningIsARealKubernetesThatKnowsGooglesTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Dir: t.TempDir(), Kubernetes: kubetest.Find(t)})
	w.done(w.create(), nil)
	c := w.get()
	assert.Equal(t, containerpb.Cluster_RUNNING, c.Status)
	assert.EqualValues(t, 1, c.CurrentNodeCount)
	code, version := w.kubernetes(c, w.account.Email, "/version")
	assert.Equal(t, http.StatusOK, code)
	assert.Equal(t, "v"+c.CurrentMasterVersion, version["gitVersion"])
	code, _ = w.kubernetes(c, w.account.Email, "/api/v1/secrets")
	assert.Equal(t, http.StatusOK, code)

	viewer, err := w.google.ServiceAccount("my-project", "viewer", "roles/container.clusterViewer")
	require.NoError(t, err)
	code, answer := w.kubernetes(c, viewer.Email, "/api/v1/secrets")
	assert.Equal(t, http.StatusForbidden, code)
	assert.Contains(t, answer["message"], `User "viewer@my-project.iam.gserviceaccount.com" cannot list resource "secrets"`)

	require.NoError(t, w.server.Close())
	w.start()
	assert.Equal(t, c.Endpoint, w.get().Endpoint)
	code, _ = w.kubernetes(w.get(), w.account.Email, "/api/v1/secrets")
	assert.Equal(t, http.StatusOK, code)

	newer := "1.36.1-gke.1500000"
	w.done(w.UpdateMaster(w.ctx, &containerpb.UpdateMasterRequest{Name: initial, MasterVersion: newer}))
	_, version = w.kubernetes(w.get(), w.account.Email, "/version")
	assert.Equal(t, "v"+newer, version["gitVersion"])

	w.done(w.DeleteCluster(w.ctx, &containerpb.DeleteClusterRequest{Name: initial}))
	left, err := kubetest.Leftovers(w.options.Dir)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.NoDirExists(t, w.server.folder(&cluster{name: initial}))
}

// kubernetes asks the API of a cluster at the endpoint, with the CA, that the cluster tells.
func (w *world) kubernetes(c *containerpb.Cluster, email, path string) (int, map[string]any) {
	w.Helper()
	ca, err := base64.StdEncoding.DecodeString(c.MasterAuth.ClusterCaCertificate)
	require.NoError(w, err)
	pool := x509.NewCertPool()
	require.True(w, pool.AppendCertsFromPEM(ca))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "https://"+c.Endpoint+path, nil)
	require.NoError(w, err)
	r.Header.Set("Authorization", "Bearer "+w.token(email))
	answer, err := client.Do(r)
	require.NoError(w, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(w, err)
	said := map[string]any{}
	require.NoError(w, json.Unmarshal(body, &said))
	return answer.StatusCode, said
}

func TestCreationTellsItsProgressAndFillsWhatGoogleFills(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.server.Hold()
	o := w.create()
	assert.Equal(t, containerpb.Operation_RUNNING, o.Status)
	assert.Equal(t, "Cluster is being configured", o.Detail)
	assert.Equal(t, containerpb.Cluster_PROVISIONING, w.get().Status)
	assert.Regexp(t, `/projects/\d+/zones/europe-west3-a/clusters/initial$`, o.TargetLink)
	w.server.Release()
	o = w.done(o, nil)
	assert.Nil(t, o.Error)

	c := w.get()
	assert.Equal(t, "1.35.7-gke.1200000", c.CurrentMasterVersion)
	assert.Equal(t, containerpb.ReleaseChannel_REGULAR, c.ReleaseChannel.Channel)
	assert.Equal(t, "BYDAY=MO,TU,WE,TH;FREQ=WEEKLY", c.MaintenancePolicy.Window.GetRecurringWindow().Recurrence)
	assert.Equal(t, "default", c.Network)
	assert.Equal(t, "default", c.NodePools[0].Config.ServiceAccount)
	assert.Equal(t, "10.8.0.0/14", c.IpAllocationPolicy.ClusterIpv4CidrBlock)
	assert.Equal(t, containerpb.NodePool_RUNNING, c.NodePools[0].Status)
	assert.NotEmpty(t, c.Endpoint)
}

func TestRequestsAreRefusedAsGoogleRefusesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	cases := map[string]struct {
		edit func(*containerpb.CreateClusterRequest)
		code codes.Code
		says string
	}{
		"a name of 41 characters":  {func(r *containerpb.CreateClusterRequest) { r.Cluster.Name = strings.Repeat("a", 41) }, codes.InvalidArgument, "Must be a match of regex"},
		"a location there is none": {func(r *containerpb.CreateClusterRequest) { r.Parent = "projects/my-project/locations/moon-west1-a" }, codes.InvalidArgument, `Location "moon-west1-a" does not exist.`},
		"a version there is none":  {func(r *containerpb.CreateClusterRequest) { r.Cluster.InitialClusterVersion = "1.99" }, codes.InvalidArgument, `No valid versions with the prefix "1.99" found.`},
		"a version of another channel": {func(r *containerpb.CreateClusterRequest) {
			r.Cluster.InitialClusterVersion = "1.36.3"
			r.Cluster.ReleaseChannel = &containerpb.ReleaseChannel{Channel: containerpb.ReleaseChannel_STABLE}
		}, codes.InvalidArgument, `Master version "1.36.3" is not available in the STABLE channel.`},
		"exclusive fields":         {func(r *containerpb.CreateClusterRequest) { r.Cluster.InitialNodeCount = 1 }, codes.InvalidArgument, "Cluster.initial_node_count and Cluster.node_config must not be set with Cluster.node_pools."},
		"minimum over maximum":     {func(r *containerpb.CreateClusterRequest) { r.Cluster.NodePools[0].Autoscaling.MinNodeCount = 4 }, codes.InvalidArgument, "min_node_count (4) must not be greater than max_node_count (3)"},
		"no such machine":          {func(r *containerpb.CreateClusterRequest) { r.Cluster.NodePools[0].Config.MachineType = "e2-huge-8" }, codes.InvalidArgument, `Machine type with name "e2-huge-8" does not exist`},
		"no upgrade in channel":    {func(r *containerpb.CreateClusterRequest) { r.Cluster.NodePools[0].Management.AutoUpgrade = false }, codes.InvalidArgument, "Auto_upgrade must be true when release_channel REGULAR is set."},
		"a window of one hour":     {func(r *containerpb.CreateClusterRequest) { window(r).Window.EndTime.Seconds -= 3 * 3600 }, codes.InvalidArgument, "without 48h maintenance availability"},
		"a window that ends first": {func(r *containerpb.CreateClusterRequest) { window(r).Window.EndTime.Seconds -= 5 * 3600 }, codes.InvalidArgument, "end time must be after its start time"},
		"a weekday there is none":  {func(r *containerpb.CreateClusterRequest) { window(r).Recurrence = "FREQ=WEEKLY;BYDAY=XX" }, codes.InvalidArgument, `invalid BYDAY value "XX"`},
		"a network there is none":  {func(r *containerpb.CreateClusterRequest) { r.Cluster.Network = "mine" }, codes.InvalidArgument, `Project "my-project" has no network named "mine".`},
		"a project of others":      {func(r *containerpb.CreateClusterRequest) { r.Parent = "projects/other/locations/europe-west3-a" }, codes.PermissionDenied, `Required "container.clusters.create" permission(s) for "projects/other/zones/europe-west3-a".`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := request(w)
			c.edit(r)
			_, err := w.CreateCluster(w.ctx, r)
			assert.Equal(t, c.code, status.Code(err))
			assert.ErrorContains(t, err, c.says)
		})
	}
	assert.Empty(t, w.server.Clusters())
}

func window(r *containerpb.CreateClusterRequest) *containerpb.RecurringTimeWindow {
	return r.Cluster.MaintenancePolicy.Window.GetRecurringWindow()
}

func TestOneOperationAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.server.Hold()
	o := w.create()
	_, err := w.CreateCluster(w.ctx, request(w))
	assert.Equal(t, codes.AlreadyExists, status.Code(err))
	assert.ErrorContains(t, err, "Already exists: projects/my-project/zones/europe-west3-a/clusters/initial.")
	_, err = w.DeleteCluster(w.ctx, &containerpb.DeleteClusterRequest{Name: initial})
	assert.Equal(t, codes.FailedPrecondition, status.Code(err))
	assert.ErrorContains(t, err, "Operation "+o.Name+" is currently creating cluster initial. Please wait and try again once it is done.")
	w.server.Release()
	w.done(o, nil)

	w.server.Hold()
	o, err = w.SetNodePoolAutoscaling(w.ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: pool, Autoscaling: &containerpb.NodePoolAutoscaling{Enabled: true, MaxNodeCount: 5}})
	require.NoError(t, err)
	_, err = w.UpdateMaster(w.ctx, &containerpb.UpdateMasterRequest{Name: initial, MasterVersion: "1.36.1"})
	assert.ErrorContains(t, err, "Cluster is running incompatible operation "+o.Name)
	w.server.Release()
	w.done(o, nil)
	assert.EqualValues(t, 5, w.get().NodePools[0].Autoscaling.MaxNodeCount)
}

func TestUpdatesTakeOneFieldARequestAndTheNewestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.done(w.create(), nil)
	update := func(u *containerpb.ClusterUpdate) (*containerpb.Operation, error) {
		return w.UpdateCluster(w.ctx, &containerpb.UpdateClusterRequest{Name: initial, Update: u})
	}
	off := &containerpb.AddonsConfig{HttpLoadBalancing: &containerpb.HttpLoadBalancing{Disabled: true}}
	_, err := update(&containerpb.ClusterUpdate{DesiredAddonsConfig: off, DesiredLocations: []string{"europe-west3-b"}})
	assert.Equal(t, codes.InvalidArgument, status.Code(err))
	assert.ErrorContains(t, err, "Must specify only one field to update")
	_, err = update(&containerpb.ClusterUpdate{})
	assert.ErrorContains(t, err, "Must specify a field to update.")
	_, err = update(&containerpb.ClusterUpdate{Etag: "old", DesiredAddonsConfig: off})
	assert.Equal(t, codes.Aborted, status.Code(err))
	w.done(update(&containerpb.ClusterUpdate{DesiredAddonsConfig: off}))
	assert.True(t, w.get().AddonsConfig.HttpLoadBalancing.Disabled)
	assert.False(t, w.get().AddonsConfig.HorizontalPodAutoscaling.Disabled)
	yes := true
	w.done(update(&containerpb.ClusterUpdate{DesiredControlPlaneEndpointsConfig: &containerpb.ControlPlaneEndpointsConfig{
		DnsEndpointConfig: &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{AllowExternalTraffic: &yes},
	}}))
	assert.True(t, w.get().ControlPlaneEndpointsConfig.DnsEndpointConfig.GetAllowExternalTraffic())
	assert.NotEmpty(t, w.get().ControlPlaneEndpointsConfig.IpEndpointsConfig.PrivateEndpoint)
	w.done(update(&containerpb.ClusterUpdate{DesiredNodePoolId: "default-pool", DesiredImageType: "UBUNTU_CONTAINERD"}))
	assert.Equal(t, "UBUNTU_CONTAINERD", w.get().NodePools[0].Config.ImageType)

	_, err = w.SetLabels(w.ctx, &containerpb.SetLabelsRequest{Name: initial, LabelFingerprint: "old", ResourceLabels: map[string]string{"a": "b"}})
	assert.Equal(t, codes.Aborted, status.Code(err))
	w.done(w.SetLabels(w.ctx, &containerpb.SetLabelsRequest{Name: initial, LabelFingerprint: w.get().LabelFingerprint, ResourceLabels: map[string]string{"a": "b"}}))
	assert.Equal(t, "b", w.get().ResourceLabels["a"])

	policy := w.get().MaintenancePolicy
	policy.ResourceVersion = "old"
	_, err = w.SetMaintenancePolicy(w.ctx, &containerpb.SetMaintenancePolicyRequest{Name: initial, MaintenancePolicy: policy})
	assert.Equal(t, codes.Aborted, status.Code(err))
}

func TestVersionsGoUpwardOneMinorAtATimeAndNodesFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	r := request(w)
	r.Cluster.InitialClusterVersion = "1.34"
	w.done(w.CreateCluster(w.ctx, r))
	assert.Equal(t, "1.34.9-gke.1600000", w.get().CurrentMasterVersion)
	assert.Equal(t, containerpb.ReleaseChannel_STABLE, w.get().ReleaseChannel.Channel)
	_, err := w.UpdateMaster(w.ctx, &containerpb.UpdateMasterRequest{Name: initial, MasterVersion: "latest"})
	assert.ErrorContains(t, err, "cannot upgrade the master more than a minor version at a time")
	_, err = w.UpdateMaster(w.ctx, &containerpb.UpdateMasterRequest{Name: initial, MasterVersion: "1.34.8"})
	assert.ErrorContains(t, err, "older than the current version")
	_, err = w.UpdateNodePool(w.ctx, &containerpb.UpdateNodePoolRequest{Name: pool, NodeVersion: "1.35"})
	assert.ErrorContains(t, err, "must not be newer than the master version")
	w.done(w.UpdateMaster(w.ctx, &containerpb.UpdateMasterRequest{Name: initial, MasterVersion: "1.35.5"}))
	assert.Equal(t, "1.34.9-gke.1600000", w.get().NodePools[0].Version)
	o := w.done(w.UpdateNodePool(w.ctx, &containerpb.UpdateNodePoolRequest{Name: pool, NodeVersion: "-", MachineType: "e2-standard-4"}))
	assert.Equal(t, "NODES_TOTAL", o.Progress.Metrics[0].Name)
	assert.Equal(t, "1.35.5-gke.1300000", w.get().NodePools[0].Version)
	assert.Equal(t, "e2-standard-4", w.get().NodePools[0].Config.MachineType)
}

func TestIdentityAndPermissionAreAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	list := func(ctx context.Context) error {
		_, err := w.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: parent})
		return err
	}
	require.NoError(t, list(w.ctx))
	assert.Equal(t, codes.Unauthenticated, status.Code(list(t.Context())))
	assert.Equal(t, codes.Unauthenticated, status.Code(list(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer wrong"))))

	viewer, err := w.google.ServiceAccount("my-project", "viewer", "roles/container.clusterViewer")
	require.NoError(t, err)
	_, err = w.CreateCluster(w.as(viewer.Email), request(w))
	assert.Equal(t, codes.PermissionDenied, status.Code(err))
	assert.Equal(t, "IAM_PERMISSION_DENIED", reason(err))
	admin, err := w.google.ServiceAccount("my-project", "admin", "roles/container.admin")
	require.NoError(t, err)
	_, err = w.CreateCluster(w.as(admin.Email), request(w))
	assert.ErrorContains(t, err, `The user does not have access to service account "default".`)

	require.NoError(t, w.google.DisableAPI("my-project", service, true))
	assert.Equal(t, "SERVICE_DISABLED", reason(list(w.ctx)))
}

func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

func TestFaultsOnDemand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for kind, code := range map[Kind]codes.Code{
		Quota: codes.PermissionDenied, Permission: codes.PermissionDenied, ServiceDisabled: codes.PermissionDenied, Concurrent: codes.PermissionDenied,
		BillingDisabled: codes.PermissionDenied, AccountGone: codes.NotFound,
		TooManyRequests: codes.ResourceExhausted, Incompatible: codes.FailedPrecondition, Unavailable: codes.Unavailable,
	} {
		w.server.Inject(Fault{Kind: kind, Method: "CreateCluster", Times: 1})
		_, err := w.CreateCluster(w.ctx, request(w))
		assert.Equal(t, code, status.Code(err), kind)
	}
	assert.Empty(t, w.server.Clusters())

	w.server.Inject(Fault{Kind: TooManyRequests, Method: "CreateCluster", Times: 1, Delay: time.Second})
	_, err := w.CreateCluster(w.ctx, request(w))
	var delay *errdetails.RetryInfo
	require.IsType(t, delay, status.Convert(err).Details()[1])
	assert.Equal(t, time.Second, status.Convert(err).Details()[1].(*errdetails.RetryInfo).RetryDelay.AsDuration())

	w.server.Inject(Fault{Kind: Garbled, Method: "GetServerConfig", Times: 1})
	_, err = w.GetServerConfig(w.ctx, &containerpb.GetServerConfigRequest{Name: parent})
	assert.Equal(t, codes.Internal, status.Code(err))

	w.server.Inject(Fault{Kind: Cut, Method: "CreateCluster", Times: 1})
	_, err = w.CreateCluster(w.ctx, request(w))
	assert.Equal(t, codes.Unavailable, status.Code(err))
	require.Len(t, w.server.Clusters(), 1, "the request was accepted")
	w.done(w.server.Operations(initial)[0], nil)
	w.done(w.DeleteCluster(w.ctx, &containerpb.DeleteClusterRequest{Name: initial}))

	w.server.Inject(Fault{Kind: Stockout, Method: "CreateCluster", Times: 1})
	o := w.done(w.CreateCluster(w.ctx, request(w)))
	assert.EqualValues(t, codes.ResourceExhausted, o.Error.GetCode())
	assert.Equal(t, containerpb.StatusCondition_GCE_STOCKOUT, o.ClusterConditions[0].Code)
	assert.Equal(t, containerpb.Cluster_ERROR, w.get().Status)
	w.done(w.DeleteCluster(w.ctx, &containerpb.DeleteClusterRequest{Name: initial}))

	require.NoError(t, w.server.SetQuota("my-project", 4))
	_, err = w.CreateCluster(w.ctx, request(w))
	assert.ErrorContains(t, err, `resource "CPUS": request requires '8.0' and is short '4.0'`)
}

func TestAnOperationGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Dir: t.TempDir()})
	w.server.Hold()
	o := w.create()
	require.NoError(t, w.server.Close())
	w.start()
	o = w.done(o, nil)
	assert.Equal(t, containerpb.Operation_CREATE_CLUSTER, o.OperationType)
	assert.Equal(t, containerpb.Cluster_RUNNING, w.get().Status)
}

func TestServerConfigDiffersByLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	ask := func(location string) *containerpb.ServerConfig {
		c, err := w.GetServerConfig(w.ctx, &containerpb.GetServerConfigRequest{Name: "projects/my-project/locations/" + location})
		require.NoError(t, err)
		return c
	}
	frankfurt, belgium := ask("europe-west3-a"), ask("europe-west1")
	assert.Equal(t, "1.36.3-gke.1234000", frankfurt.ValidMasterVersions[0])
	assert.Equal(t, "1.36.3-gke.1100000", belgium.ValidMasterVersions[0])
	assert.Equal(t, "1.35.7-gke.1200000", frankfurt.DefaultClusterVersion)
	defaults := map[containerpb.ReleaseChannel_Channel]string{}
	for _, c := range frankfurt.Channels {
		defaults[c.Channel] = c.DefaultVersion
		assert.Contains(t, c.ValidVersions, c.DefaultVersion)
	}
	assert.Equal(t, map[containerpb.ReleaseChannel_Channel]string{
		containerpb.ReleaseChannel_RAPID: "1.36.1-gke.1500000", containerpb.ReleaseChannel_REGULAR: "1.35.7-gke.1200000",
		containerpb.ReleaseChannel_STABLE: "1.34.9-gke.1600000", containerpb.ReleaseChannel_EXTENDED: "1.35.7-gke.1200000",
	}, defaults)

	subnets, err := w.ListUsableSubnetworks(w.ctx, &containerpb.ListUsableSubnetworksRequest{Parent: "projects/my-project"})
	require.NoError(t, err)
	assert.Equal(t, "projects/my-project/regions/europe-west3/subnetworks/default", subnets.Subnetworks[2].Subnetwork)
	assert.Equal(t, "10.156.0.0/20", subnets.Subnetworks[2].IpCidrRange)
}
