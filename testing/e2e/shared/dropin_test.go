package shared

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/gketest"
)

// existing is a deployment as metal-stack's look, with the names of the roles in place of those of ansible-common.
const existing = `
- name: Deploy the initial cluster
  hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - name: metalstack.initial_cluster.gcp_auth
    - name: metalstack.initial_cluster.gcp_create
`

func TestAnExistingDeploymentGetsWhatItGotBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.play(existing, w.deployment())
	require.False(t, first.failed, first.output)
	assert.Equal(t, "changed=2 failed=0", first.recap)

	made := w.gke.Cluster(cluster)
	require.NotNil(t, made)
	pool := made.NodePools[0]
	assert.Equal(t, "default-pool", pool.Name)
	assert.Equal(t, []int32{1, 1, 3}, []int32{pool.InitialNodeCount, pool.Autoscaling.MinNodeCount, pool.Autoscaling.MaxNodeCount})
	assert.Equal(t, "e2-standard-8 pd-standard COS_CONTAINERD", pool.Config.MachineType+" "+pool.Config.DiskType+" "+pool.Config.ImageType)
	assert.Equal(t, int32(100), pool.Config.DiskSizeGb)
	assert.Equal(t, int64(110), made.DefaultMaxPodsConstraint.MaxPodsPerNode)
	window := made.MaintenancePolicy.Window.Policy.(*containerpb.MaintenanceWindow_RecurringWindow).RecurringWindow
	assert.ElementsMatch(t, []string{"FREQ=WEEKLY", "BYDAY=MO,TU,WE,TH"}, strings.Split(window.Recurrence, ";"))
	assert.Equal(t, "13:00 17:00", window.Window.StartTime.AsTime().Format("15:04 ")+window.Window.EndTime.AsTime().Format("15:04"))

	assert.Equal(t, contextName, w.asked("config", "current-context"), "in ~/.kube/config, as gcloud container clusters create does")
	assert.Equal(t, w.account.Email, w.asked("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"))
	settings, err := os.ReadFile(filepath.Join(w.home, ".config/gcloud/configurations/config_default"))
	require.NoError(t, err, "as gcloud auth activate-service-account does")
	assert.Contains(t, string(settings), "account = "+w.account.Email+"\n")
	assert.Contains(t, string(settings), "project = "+project+"\n")

	second := w.play(existing, w.deployment())
	assert.Equal(t, "changed=0 failed=0", second.recap, second.output)
}

// In metal-stack's roles the key file is gcp-auth's alone: the others name the account, as gcloud does.
const scoped = `
- name: Deploy the initial cluster
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Authenticate
      ansible.builtin.include_role:
        name: metalstack.initial_cluster.gcp_auth
      vars:
        gcp_service_account_file: "{{ key }}"
    - name: Create
      ansible.builtin.include_role:
        name: metalstack.initial_cluster.gcp_create
    - name: Show
      ansible.builtin.debug:
        var: gcp_create_result.cluster
    - name: Destroy
      ansible.builtin.include_role:
        name: metalstack.initial_cluster.gcp_destroy
`

func TestTheAccountIsEnoughAfterGcpAuthAndNodesFollowTheInitialCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	variables := w.deployment()
	variables["key"] = variables["gcp_service_account_file"]
	delete(variables, "gcp_service_account_file")
	variables["gcp_region"] = "europe-west3"
	delete(variables, "gcp_location")
	variables["gcp_initial_node_count"] = "4"
	variables["gcp_maintenance_window"] = false
	played := w.play(scoped, variables)
	require.False(t, played.failed, played.output)
	assert.Empty(t, w.gke.Clusters())
	text, err := json.Marshal(played.tasks)
	require.NoError(t, err)
	for _, value := range []string{"ca_certificate", "node_cidr", "pod_cidr", "service_cidr", "kubernetes_version", `"location": "europe-west3"`} {
		assert.Contains(t, string(text)+played.output, value)
	}

	created := w.created()
	assert.Equal(t, []int32{4, 8}, []int32{created.NodePools[0].Autoscaling.MinNodeCount, created.NodePools[0].Autoscaling.MaxNodeCount})
	assert.Nil(t, created.GetMaintenancePolicy().GetWindow().GetPolicy())

	variables["gcp_service_account"] = "other@" + project + ".iam.gserviceaccount.com"
	told := w.play(existing, w.with(variables, "gcp_service_account_file", variables["key"])).told(t)
	assert.Equal(t, "account other@lab-project.iam.gserviceaccount.com: the credentials are of "+w.account.Email+" ("+w.home+"/key.json); "+
		"give those of the account, or leave account out", told)
}

// created is the cluster that Google was asked to create.
func (w *world) created() *containerpb.Cluster {
	w.Helper()
	requests := w.gke.Requests()
	i := slices.IndexFunc(requests, func(r gketest.Request) bool { return r.Method == "CreateCluster" })
	require.GreaterOrEqual(w, i, 0)
	return requests[i].Message.(*containerpb.CreateClusterRequest).Cluster
}

func (w *world) with(variables map[string]any, name string, value any) map[string]any {
	changed := map[string]any{name: value}
	for n, v := range variables {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}
