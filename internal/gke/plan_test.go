package gke

import (
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/genproto/googleapis/type/timeofday"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var place = Place{Project: "my-project", Location: "europe-west3-a", Name: "initial"}

var offers = &containerpb.ServerConfig{
	DefaultClusterVersion: "1.35.7-gke.1200000",
	ValidMasterVersions:   []string{"1.37.0-gke.1000000", "1.36.3-gke.1234000", "1.36.1-gke.1500000", "1.35.7-gke.1450000", "1.35.7-gke.1200000", "1.34.9-gke.1600000"},
	Channels: []*containerpb.ServerConfig_ReleaseChannelConfig{
		{Channel: containerpb.ReleaseChannel_RAPID, DefaultVersion: "1.36.1-gke.1500000", ValidVersions: []string{"1.36.3-gke.1234000", "1.36.1-gke.1500000"}},
		{Channel: containerpb.ReleaseChannel_STABLE, DefaultVersion: "1.34.9-gke.1600000", ValidVersions: []string{"1.35.7-gke.1200000", "1.34.9-gke.1600000"}},
	},
}

// running is a cluster that metal-stack's defaults made, as Google tells it.
func running(edits ...func(*containerpb.Cluster)) *State {
	c := Want{Place: place}.creation("1.34.9-gke.1600000")
	c.Location, c.Status, c.CurrentMasterVersion, c.Network, c.Subnetwork, c.Etag = place.Location, containerpb.Cluster_RUNNING, c.InitialClusterVersion, "default", "default", "read"
	c.ReleaseChannel = channel(noChannel)
	pool := c.NodePools[0]
	pool.Version, pool.Config.ServiceAccount, pool.Etag = c.CurrentMasterVersion, "default", "pool"
	for _, edit := range edits {
		edit(c)
	}
	return &State{Place: place, Cluster: c, offers: offers}
}

func version(master, nodes string) func(*containerpb.Cluster) {
	return func(c *containerpb.Cluster) { c.CurrentMasterVersion, c.NodePools[0].Version = master, nodes }
}

func in(status containerpb.Cluster_Status) func(*containerpb.Cluster) {
	return func(c *containerpb.Cluster) { c.Status = status }
}

func to[T any](v T) *T { return &v }

func TestPlan(t *testing.T) {
	t.Parallel()
	absent := Want{Place: place, Absent: true}
	protected := Want{Place: place, Absent: true, DeletionProtection: true}
	nothing := Want{Place: place}
	kubernetes := func(v string) Want { return Want{Place: place, Version: v} }
	inChannel := func(v, channel string) Want { return Want{Place: place, Version: v, Channel: channel} }
	pool := func(p Pool) Want { return Want{Place: place, Pool: p} }
	creation := func(version string) string {
		return "create the zonal cluster with Kubernetes " + version + " and node pool default-pool: 1 e2-standard-8 in each zone, scaling from 1 to 3"
	}
	cases := map[string]struct {
		state *State
		want  Want
		steps []string
		says  string // the error
	}{
		"a new cluster gets the newest version":                   {&State{Place: place, offers: offers}, nothing, []string{creation("1.37.0-gke.1000000")}, ""},
		"a new cluster in a channel gets the channel's default":   {&State{Place: place, offers: offers}, inChannel("", "STABLE"), []string{creation("1.34.9-gke.1600000")}, ""},
		"an alias is the newest that begins so in the channel":    {&State{Place: place, offers: offers}, inChannel("1.35", "STABLE"), []string{creation("1.35.7-gke.1200000")}, ""},
		"a dash is Google's default":                              {&State{Place: place, offers: offers}, kubernetes("-"), []string{creation("1.35.7-gke.1200000")}, ""},
		"1.3 is not the beginning of 1.36":                        {&State{Place: place, offers: offers}, kubernetes("1.3"), nil, "kubernetes_version 1.3 is not offered in europe-west3-a; it offers 1.37.0-gke.1000000, 1.36.3-gke.1234000, 1.36.1-gke.1500000, 1.35.7-gke.1450000, 1.35.7-gke.1200000, 1.34.9-gke.1600000"},
		"a minimum above the default maximum raises it":           {&State{Place: place, offers: offers}, Want{Place: place, Version: "1.36", Pool: Pool{MinCount: to(int32(5))}}, []string{"create the zonal cluster with Kubernetes 1.36.3-gke.1234000 and node pool default-pool: 5 e2-standard-8 in each zone, scaling from 5 to 5"}, ""},
		"without autoscaling the count is fixed":                  {&State{Place: place, offers: offers}, Want{Place: place, Version: "1.36", Pool: Pool{Autoscaling: to(false), InitialCount: 2}}, []string{"create the zonal cluster with Kubernetes 1.36.3-gke.1234000 and node pool default-pool: 2 e2-standard-8 in each zone"}, ""},
		"nothing that is asked for is nothing to do":              {running(), nothing, nil, ""},
		"a creation under way is waited for":                      {running(in(containerpb.Cluster_PROVISIONING)), nothing, []string{"wait for the creation of the cluster, which is under way"}, ""},
		"a creation under way is changed afterwards":              {running(in(containerpb.Cluster_PROVISIONING)), pool(Pool{MaxCount: to(int32(5))}), []string{"wait for the creation of the cluster, which is under way", "let node pool default-pool scale from 1 to 5 nodes in each zone"}, ""},
		"a deletion under way is waited for, and it is made anew": {running(in(containerpb.Cluster_STOPPING)), kubernetes("1.36.1"), []string{"wait for the deletion of the cluster, which is under way", creation("1.36.1-gke.1500000")}, ""},
		"a cluster in error is not touched":                       {running(in(containerpb.Cluster_ERROR)), nothing, nil, "the cluster is in ERROR (Google gives no reason); look at it in the console, or delete it (state absent) and run this again"},
		"absent where there is nothing":                           {&State{Place: place}, absent, nil, ""},
		"absent":                                                  {running(), absent, []string{"delete the cluster with all that is in it"}, ""},
		"absent for a cluster in error":                           {running(in(containerpb.Cluster_ERROR)), absent, []string{"delete the cluster with all that is in it"}, ""},
		"absent for a deletion under way":                         {running(in(containerpb.Cluster_STOPPING)), protected, []string{"wait for the deletion of the cluster, which is under way"}, ""},
		"absent for a protected cluster":                          {running(), protected, nil, "refusing to delete the cluster: deletion_protection is set; set it to false first"},

		"what an alias names stays, though newer is on offer": {running(version("1.35.7-gke.1200000", "1.35.7-gke.1200000")), kubernetes("1.35"), nil, ""},
		"latest upgrades nothing":                             {running(), kubernetes("latest"), nil, ""},
		"what is newer stays":                                 {running(version("1.36.1-gke.1500000", "1.36.1-gke.1500000")), kubernetes("1.35.7-gke.1450000"), nil, ""},
		"what is newer than an alias no longer offered stays": {running(version("1.36.1-gke.1500000", "1.36.1-gke.1500000")), kubernetes("1.30"), nil, ""},
		"the nodes follow the control plane": {running(), kubernetes("1.35"), []string{
			"upgrade the control plane from 1.34.9-gke.1600000 to 1.35.7-gke.1450000",
			"upgrade the nodes of node pool default-pool from 1.34.9-gke.1600000 to 1.35.7-gke.1450000",
		}, ""},
		"the nodes follow a control plane that was upgraded before": {running(version("1.35.7-gke.1450000", "1.34.9-gke.1600000")), kubernetes("1.35"), []string{
			"upgrade the nodes of node pool default-pool from 1.34.9-gke.1600000 to 1.35.7-gke.1450000",
		}, ""},
		"nodes are upgraded between where they would be too far behind": {running(), kubernetes("1.37"), []string{
			"upgrade the control plane from 1.34.9-gke.1600000 to 1.35.7-gke.1450000",
			"upgrade the control plane from 1.35.7-gke.1450000 to 1.36.3-gke.1234000",
			"upgrade the nodes of node pool default-pool from 1.34.9-gke.1600000 to 1.36.3-gke.1234000",
			"upgrade the control plane from 1.36.3-gke.1234000 to 1.37.0-gke.1000000",
			"upgrade the nodes of node pool default-pool from 1.36.3-gke.1234000 to 1.37.0-gke.1000000",
		}, ""},
		"a minor version between that is no longer offered": {running(version("1.32.1-gke.1", "1.32.1-gke.1")), kubernetes("1.34"), nil,
			"the way from 1.32.1-gke.1 to 1.34.9-gke.1600000 leads over Kubernetes 1.33, which europe-west3-a does not offer any more; make the cluster anew, or wait for Google to upgrade it"},
		"a version that the channel does not offer": {running(func(c *containerpb.Cluster) { c.ReleaseChannel = channel("STABLE") }), kubernetes("1.36"), nil,
			"kubernetes_version 1.36 is not offered in europe-west3-a in the release channel STABLE; it offers 1.35.7-gke.1200000, 1.34.9-gke.1600000"},

		"only the bound that is asked for changes": {running(), pool(Pool{MinCount: to(int32(2))}), []string{"let node pool default-pool scale from 2 to 3 nodes in each zone"}, ""},
		"bounds that cross": {running(), pool(Pool{MinCount: to(int32(4))}), nil,
			"refusing what cannot be changed in place: autoscaling_max_nodes (is 3, wanted autoscaling_min_nodes 4); set the options to what the cluster has, or delete it (state absent) and make it anew"},
		"autoscaling off":             {running(), pool(Pool{Autoscaling: to(false), MaxCount: to(int32(9))}), []string{"turn autoscaling of node pool default-pool off"}, ""},
		"autoscaling on":              {running(func(c *containerpb.Cluster) { c.NodePools[0].Autoscaling = nil }), pool(Pool{Autoscaling: to(true), MinCount: to(int32(1)), MaxCount: to(int32(4))}), []string{"let node pool default-pool scale from 1 to 4 nodes in each zone"}, ""},
		"upgrades off":                {running(), pool(Pool{AutoUpgrade: to(false)}), []string{"turn automatic upgrade off and automatic repair on in node pool default-pool"}, ""},
		"machine and disk in one":     {running(), pool(Pool{MachineType: "n2-standard-8", DiskSizeGB: 200}), []string{"replace the nodes of node pool default-pool: machine_type n2-standard-8 instead of e2-standard-8, disk_size_gb 200 instead of 100"}, ""},
		"the case of an image is one": {running(), pool(Pool{ImageType: "cos_containerd"}), nil, ""},
		"a count is for new clusters": {running(), pool(Pool{InitialCount: 3}), nil, ""},
		"labels that are not named stay": {running(func(c *containerpb.Cluster) { c.ResourceLabels = map[string]string{"goog": "x", "stage": "test"} }),
			Want{Place: place, Labels: map[string]string{"stage": "prod", "team": "a"}}, []string{"set the labels stage=prod, team=a"}, ""},
		"a network by its full name": {running(), Want{Place: place, Network: "projects/my-project/global/networks/default"}, nil, ""},
		"authorized networks in another order": {running(func(c *containerpb.Cluster) {
			c.MasterAuthorizedNetworksConfig = networks([]string{"192.0.2.0/24", "198.51.100.0/24"})
		}),
			Want{Place: place, AuthorizedNetworks: &[]string{"198.51.100.0/24", "192.0.2.0/24"}}, nil, ""},
		"everybody may come": {running(func(c *containerpb.Cluster) { c.MasterAuthorizedNetworksConfig = networks([]string{"192.0.2.0/24"}) }),
			Want{Place: place, AuthorizedNetworks: &[]string{}}, []string{"change how the control plane is reached: authorized_networks none"}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan, err := c.state.Plan(c.want)
			if c.says != "" {
				require.EqualError(t, err, c.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, append([]string{}, c.steps...), plan.Steps())
		})
	}
}

func TestTheNewClusterIsWhatTheRoleOfMetalStackMakes(t *testing.T) {
	t.Parallel()
	var role containerpb.Cluster
	require.NoError(t, protojson.Unmarshal([]byte(`{"name":"initial","initialClusterVersion":"1.36.1-gke.1000000","masterAuth":{},
	 "addonsConfig":{"httpLoadBalancing":{},"horizontalPodAutoscaling":{},"kubernetesDashboard":{"disabled":true},"networkPolicyConfig":{"disabled":true}},
	 "ipAllocationPolicy":{"useIpAliases":true},"defaultMaxPodsConstraint":{"maxPodsPerNode":"110"},
	 "maintenancePolicy":{"window":{"recurringWindow":{"window":{"startTime":"2023-03-11T13:00:00Z","endTime":"2023-03-11T17:00:00Z"},"recurrence":"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"}}},
	 "nodePools":[{"name":"default-pool","initialNodeCount":1,"autoscaling":{"enabled":true,"minNodeCount":1,"maxNodeCount":3},"management":{"autoUpgrade":true,"autoRepair":true},
	  "config":{"machineType":"e2-standard-8","diskType":"pd-standard","diskSizeGb":100,"imageType":"COS_CONTAINERD","metadata":{"disable-legacy-endpoints":"true"},
	   "oauthScopes":["https://www.googleapis.com/auth/devstorage.read_only","https://www.googleapis.com/auth/logging.write","https://www.googleapis.com/auth/monitoring",
	   "https://www.googleapis.com/auth/servicecontrol","https://www.googleapis.com/auth/service.management.readonly","https://www.googleapis.com/auth/trace.append"]}}]}`), &role))
	want := Want{Place: place, Window: &Window{Start: 13 * time.Hour, End: 17 * time.Hour, Days: []string{"MO", "TU", "WE", "TH"}}}
	made := want.creation("1.36.1-gke.1000000")
	assert.True(t, proto.Equal(&role, made), "%s", protojson.Format(made))
}

func TestAClusterThatNeverRanIsMadeAnewUnlessItIsProtected(t *testing.T) {
	t.Parallel()
	state := running(in(containerpb.Cluster_ERROR), func(c *containerpb.Cluster) { c.CreateTime = "2026-03-01T12:00:00+00:00" })
	state.failed = &containerpb.Operation{StartTime: "2026-03-01T11:59:59.5Z", Error: &status.Status{Code: 8, Message: "No machines."}}
	plan, err := state.Plan(Want{Place: place, Version: "1.36.1"})
	require.NoError(t, err)
	assert.Equal(t, []string{"delete the cluster, which never ran: its creation failed",
		"create the zonal cluster with Kubernetes 1.36.1-gke.1500000 and node pool default-pool: 1 e2-standard-8 in each zone, scaling from 1 to 3"}, plan.Steps())
	_, err = state.Plan(Want{Place: place, DeletionProtection: true})
	assert.EqualError(t, err, "the creation of the cluster failed (resource_exhausted: No machines), and deletion_protection keeps what is left of it; set it to false to make the cluster anew")

	state.failed.StartTime = "2026-02-01T00:00:00Z" // that of an earlier cluster of the name
	_, err = state.Plan(Want{Place: place})
	assert.ErrorContains(t, err, "the cluster is in ERROR")
}

func TestAWindowKeepsWhatElseIsInThePolicy(t *testing.T) {
	t.Parallel()
	exclusions := map[string]*containerpb.TimeWindow{"freeze": {StartTime: timestamppb.Now()}}
	before := &containerpb.MaintenancePolicy{ResourceVersion: "read", DisruptionBudget: &containerpb.DisruptionBudget{}, Window: &containerpb.MaintenanceWindow{MaintenanceExclusions: exclusions}}
	after := Window{Start: time.Hour, End: 5 * time.Hour}.into(before)
	assert.Equal(t, "read", after.ResourceVersion)
	assert.NotNil(t, after.DisruptionBudget)
	assert.Contains(t, after.Window.MaintenanceExclusions, "freeze")
	assert.Equal(t, "FREQ=DAILY", after.Window.GetRecurringWindow().Recurrence)
	assert.Nil(t, before.Window.Policy, "what was read is left as it was")
}

func TestWindowsAreComparedByWhatTheyMean(t *testing.T) {
	t.Parallel()
	weekdays := Window{Start: 13 * time.Hour, End: 17 * time.Hour, Days: []string{"MO", "TU", "WE", "TH"}}
	recurring := func(rule string, start, end time.Time) *containerpb.MaintenanceWindow {
		return &containerpb.MaintenanceWindow{Policy: &containerpb.MaintenanceWindow_RecurringWindow{RecurringWindow: &containerpb.RecurringTimeWindow{
			Recurrence: rule, Window: &containerpb.TimeWindow{StartTime: timestamppb.New(start), EndTime: timestamppb.New(end)},
		}}}
	}
	at := func(hour int) time.Time { return time.Date(2024, time.May, 2, hour, 0, 0, 0, time.UTC) }
	cases := map[string]struct {
		window *containerpb.MaintenanceWindow
		text   string
	}{
		"none":                        {nil, ""},
		"parts in another order":      {recurring("BYDAY=TH,MO,TU,WE;FREQ=WEEKLY", at(13), at(17)), weekdays.String()},
		"with the prefix of RFC 5545": {recurring("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", at(13), at(17)), weekdays.String()},
		"the newer form": {&containerpb.MaintenanceWindow{Policy: &containerpb.MaintenanceWindow_RecurringMaintenanceWindow{RecurringMaintenanceWindow: &containerpb.RecurringMaintenanceWindow{
			Recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH", WindowStartTime: &timeofday.TimeOfDay{Hours: 13}, WindowDuration: durationpb.New(4 * time.Hour),
		}}}, weekdays.String()},
		"over midnight":       {recurring("FREQ=DAILY", at(22), at(26)), "every day from 22:00:00 to 02:00:00 UTC"},
		"all days by name":    {recurring("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", at(22), at(26)), "every day from 22:00:00 to 02:00:00 UTC"},
		"every other week":    {recurring("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", at(1), at(9)), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO from 01:00:00 to 09:00:00 UTC"},
		"weekly by its start": {recurring("FREQ=WEEKLY", at(1), at(9)), "FREQ=WEEKLY from 01:00:00 to 09:00:00 UTC"},
		"daily, of the oldest form": {&containerpb.MaintenanceWindow{Policy: &containerpb.MaintenanceWindow_DailyMaintenanceWindow{
			DailyMaintenanceWindow: &containerpb.DailyMaintenanceWindow{StartTime: "03:00"},
		}}, "every day from 03:00 UTC (daily_maintenance_window)"},
	}
	for name, c := range cases {
		assert.Equal(t, c.text, windowText(&containerpb.MaintenancePolicy{Window: c.window}), name)
	}
}

func TestWindowsThatGoogleWouldRefuse(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "it is 1h long, and Google wants 4h at least", Window{Start: 13 * time.Hour, End: 14 * time.Hour}.Problem())
	assert.Equal(t, "it is open 32h within 32 days, and Google wants 48h at least; take more weekdays, or longer ones",
		Window{Start: 13 * time.Hour, End: 17 * time.Hour, Days: []string{"MO", "TU"}}.Problem())
	assert.Empty(t, Window{Start: 13 * time.Hour, End: 17 * time.Hour, Days: []string{"MO", "TU", "WE"}}.Problem())
	assert.Empty(t, Window{Start: 22 * time.Hour, End: 2 * time.Hour}.Problem())
	assert.Equal(t, 24*time.Hour, Window{Start: time.Hour, End: time.Hour}.Length(), "what ends when it begins ends the next day")
}

func TestTheWayToACluster(t *testing.T) {
	t.Parallel()
	c := &containerpb.Cluster{
		Endpoint: "34.0.0.1", MasterAuth: &containerpb.MasterAuth{ClusterCaCertificate: "Q0E="}, PrivateClusterConfig: &containerpb.PrivateClusterConfig{PrivateEndpoint: "10.0.0.2"},
		ControlPlaneEndpointsConfig: &containerpb.ControlPlaneEndpointsConfig{
			IpEndpointsConfig: &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{},
			DnsEndpointConfig: &containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig{Endpoint: "gke-1.gke.goog"},
		},
	}
	s := &State{Place: place, Cluster: c}
	reach := func(over string) Reach {
		t.Helper()
		found, err := s.Reach(over)
		require.NoError(t, err)
		return found
	}
	assert.Equal(t, Reach{"https://34.0.0.1", []byte("CA")}, reach(Auto))
	assert.Equal(t, Reach{"https://10.0.0.2", []byte("CA")}, reach(Private))
	_, err := s.Reach(DNS)
	assert.EqualError(t, err, "the cluster has no dns endpoint that can be used; choose another in kubeconfig_endpoint")
	c.ControlPlaneEndpointsConfig.DnsEndpointConfig.AllowExternalTraffic = to(true)
	assert.Equal(t, Reach{Server: "https://gke-1.gke.goog"}, reach(DNS))
	c.ControlPlaneEndpointsConfig.IpEndpointsConfig.EnablePublicEndpoint = to(false)
	assert.Equal(t, Reach{"https://10.0.0.2", []byte("CA")}, reach(Auto))
	_, err = s.Reach(Public)
	assert.EqualError(t, err, "the cluster has no public endpoint that can be used; choose another in kubeconfig_endpoint")
	c.ControlPlaneEndpointsConfig.IpEndpointsConfig.Enabled = to(false)
	assert.Equal(t, Reach{Server: "https://gke-1.gke.goog"}, reach(Auto))
	assert.Equal(t, "gke_my-project_europe-west3-a_initial", place.Context())
}
