package preflight

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
)

// world is the cluster of all tests: one node as KWOK plays it, and a default StorageClass.
type world struct {
	*testing.T
	kubernetes *kubetest.Cluster
	cluster    *cluster.Cluster
}

// looks are the needs of a cluster, each with what is to be found. They run one after the other: some change the cluster.
var looks = []struct {
	name    string
	prepare func(*world)
	needs   Needs
	found   Check
}{
	{
		name: "a version in the range", needs: Needs{MinVersion: "1.30", MaxVersion: "1.36"},
		found: Check{Name: "Kubernetes version", Found: "v1.36.3", OK: true},
	},
	{
		name: "a version that is too old", needs: Needs{MinVersion: "1.40"},
		found: Check{Name: "Kubernetes version", Found: "v1.36.3 is older than 1.40", Remedy: "upgrade the cluster"},
	},
	{
		name: "a version that is too new", needs: Needs{MaxVersion: "1.35"},
		found: Check{Name: "Kubernetes version", Found: "v1.36.3 is newer than 1.35", Remedy: "make the cluster of that version, or wait for a metal-stack that supports this one"},
	},
	{
		name:  "a default StorageClass",
		found: Check{Name: "storage", Found: "StorageClass kwok-volume (kwok.x-k8s.io/volume)", OK: true},
	},
	{
		name: "a default StorageClass that is proved", needs: Needs{ProveStorage: true, Timeout: time.Minute},
		found: Check{Name: "storage", Found: "StorageClass kwok-volume gave a volume", OK: true},
	},
	{
		name: "a StorageClass that is not there", needs: Needs{StorageClass: "fast"},
		found: Check{Name: "storage", Found: "there is no StorageClass fast", Remedy: "create it, or name another"},
	},
	{
		name: "a StorageClass that gives nothing", prepare: func(w *world) { w.class("broken", storage.VolumeBindingImmediate) },
		needs: Needs{StorageClass: "broken", ProveStorage: true},
		found: Check{Name: "storage", Found: "wait for a volume of StorageClass broken: gave up after 1s, last seen claim is pending", Remedy: "look at its provisioner"},
	},
	{
		name: "a StorageClass that waits for a pod, and gives nothing", prepare: func(w *world) { w.class("late", storage.VolumeBindingWaitForFirstConsumer) },
		needs: Needs{StorageClass: "late", ProveStorage: true},
		found: Check{Name: "storage", Found: "wait for a volume of StorageClass late: gave up after 1s, last seen claim is pending", Remedy: "look at its provisioner"},
	},
	{
		name: "a StorageClass that waits for a pod", prepare: func(w *world) { w.volume("late") }, needs: Needs{StorageClass: "late", ProveStorage: true, Timeout: time.Minute},
		found: Check{Name: "storage", Found: "StorageClass late gave a volume", OK: true},
	},
	{
		name: "StorageClasses without a default", prepare: func(w *world) { w.noDefault() },
		found: Check{Name: "storage", Found: "of 3 StorageClasses none is the default",
			Remedy: "mark one (annotation storageclass.kubernetes.io/is-default-class=true), or name one in the values of each database"},
	},
	{
		name:  "all permissions",
		found: Check{Name: "permissions", Found: "sufficient", OK: true},
	},
	{
		name: "few permissions", prepare: func(w *world) { w.reader() },
		found: Check{Name: "permissions", Found: "the credentials lack create namespaces, create secrets, patch statefulsets.apps, create jobs.batch, update leases.coordination.k8s.io, " +
			"patch clusterroles.rbac.authorization.k8s.io, patch customresourcedefinitions.apiextensions.k8s.io", Remedy: "grant them, as cluster-admin does"},
	},
	{
		name: "no load balancer", needs: Needs{LoadBalancer: true},
		found: Check{Name: "load balancing", Found: "no Service has an address of a load balancer",
			Remedy: "give the cluster a load balancer (of the cloud, MetalLB or kube-vip), or have it proved by a Service"},
	},
	{
		name: "a load balancer that gives nothing", needs: Needs{LoadBalancer: true, ProveLoadBalancer: true},
		found: Check{Name: "load balancing", Found: "wait for an address of a load balancer: gave up after 1s, last seen Service has no address",
			Remedy: "give the cluster a load balancer (of the cloud, MetalLB or kube-vip)"},
	},
	{
		name: "a load balancer that is proved", prepare: func(w *world) { w.balance() }, needs: Needs{LoadBalancer: true, ProveLoadBalancer: true, Timeout: time.Minute},
		found: Check{Name: "load balancing", Found: "a Service got 192.0.2.7", OK: true},
	},
	{
		name: "a load balancer that somebody uses", prepare: func(w *world) { w.ingress() }, needs: Needs{LoadBalancer: true},
		found: Check{Name: "load balancing", Found: "Service kube-system/ingress has lb.example.com", OK: true},
	},
	{
		name: "capacity", needs: Needs{CPU: "2700m", Memory: "5Gi"},
		found: Check{Name: "capacity", Found: "1k CPUs and 1Ti memory are free", OK: true},
	},
	{
		name: "little capacity", prepare: func(w *world) { w.hungry() }, needs: Needs{CPU: "2", Memory: "5Gi"},
		found: Check{Name: "capacity", Found: "1 CPUs and 1Ti memory are free, 2 and 5Gi are needed", Remedy: "add nodes, or larger ones"},
	},
	{
		name: "no cert-manager", needs: Needs{Issuer: "metal-stack"},
		found: Check{Name: "certificate issuer metal-stack", Found: "is not there", Remedy: "install cert-manager and create this ClusterIssuer"},
	},
	{
		name: "an issuer that is not ready", prepare: func(w *world) { w.issuer("False") }, needs: Needs{Issuer: "metal-stack"},
		found: Check{Name: "certificate issuer metal-stack", Found: "is not ready: the account cannot be registered", Remedy: "look at its conditions"},
	},
	{
		name: "an issuer", prepare: func(w *world) { w.issuer("True") }, needs: Needs{Issuer: "metal-stack"},
		found: Check{Name: "certificate issuer metal-stack", Found: "is ready", OK: true},
	},
}

func TestWhatAClusterHas(t *testing.T) {
	k := kubetest.Run(t, kubetest.Options{Pods: true, Storage: true})
	admin, err := cluster.Open(cluster.Kubeconfig{File: k.Kubeconfig()})
	require.NoError(t, err)
	(&world{t, k, admin}).settled()
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			w := &world{t, k, admin}
			if look.prepare != nil {
				look.prepare(w)
			}
			if look.needs.Timeout == 0 {
				look.needs.Timeout = time.Second
			}
			look.needs.Namespace = "metal-control-plane"
			checks := Run(t.Context(), w.cluster, look.needs)
			at := slices.IndexFunc(checks, func(c Check) bool { return c.Name == look.found.Name })
			require.GreaterOrEqual(t, at, 0, "%v", checks)
			assert.Equal(t, look.found, checks[at])
			assert.Empty(t, (&world{t, k, admin}).proofs(), "what a proof made is gone")
		})
	}
}

func TestACaseOfItsOwnIsAClusterThatCannotBeReached(t *testing.T) {
	t.Parallel()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: "http://127.0.0.1:1"}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	text, err := clientcmd.Write(*config)
	require.NoError(t, err)
	c, err := cluster.Open(cluster.Kubeconfig{Content: string(text)})
	require.NoError(t, err)
	const why = "cannot be looked at: http://127.0.0.1:1 refuses connections; start the API server, or correct the server in the kubeconfig; mend that and look again"
	require.EqualError(t, Problems(Run(t.Context(), c, Needs{CPU: "1"})),
		"the cluster lacks what the control plane needs: Kubernetes version: "+why+"; storage: "+why+"; permissions: "+why+"; capacity: "+why)
}

func TestTheNetworkIsLookedAtFromHere(t *testing.T) {
	t.Parallel()
	open, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer open.Close()
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"/": http.StatusForbidden, "/broken": http.StatusServiceUnavailable}[r.URL.Path])
	}))
	defer storage.Close()
	strange := httptest.NewTLSServer(http.NotFoundHandler())
	strange.Config.ErrorLog = nil
	defer strange.Close()
	for name, c := range map[string]struct{ got, want Check }{
		"a name": {resolve(t.Context(), "localhost"), Check{Name: "name localhost", Found: "resolves to ", OK: true}},
		"a name that nobody knows": {resolve(t.Context(), "api.invalid"), Check{Name: "name api.invalid", Found: "does not resolve (lookup api.invalid",
			Remedy: "add it to the DNS; a resolver that guards against rebinding hides private addresses"}},
		"an endpoint": {dial(t.Context(), open.Addr().String()), Check{Name: "endpoint " + open.Addr().String(), Found: "accepts connections", OK: true}},
		"a closed endpoint": {dial(t.Context(), "127.0.0.1:1"), Check{Name: "endpoint 127.0.0.1:1", Found: "does not accept a connection (dial tcp 127.0.0.1:1: connect: connection refused)",
			Remedy: "look at the firewall and the load balancer between"}},
		"an object storage that wants a login": {get(t.Context(), storage.URL), Check{Name: "URL " + storage.URL, Found: "answers", OK: true}},
		"an object storage in trouble":         {get(t.Context(), storage.URL+"/broken"), Check{Name: "URL " + storage.URL + "/broken", Found: "answers 503 Service Unavailable", Remedy: "look at that server"}},
		"a server of another authority": {get(t.Context(), strange.URL), Check{Name: "URL " + strange.URL, Found: `does not answer (Get "` + strange.URL + `": tls: failed to verify certificate: x509: certificate signed by unknown authority)`,
			Remedy: "look at the network between, and at the certificate"}},
		"no URL": {get(t.Context(), "s3.example.com:x"), Check{Name: "URL s3.example.com:x", Found: "does not answer (", Remedy: "look at the network between, and at the certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.True(t, strings.HasPrefix(c.got.Found, c.want.Found), c.got.Found)
			c.got.Found = c.want.Found
			assert.Equal(t, c.want, c.got)
		})
	}
}

func TestNeedsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	assert.Empty(t, Needs{CPU: "2700m", Memory: "5Gi", MinVersion: "1.32"}.Invalid())
	assert.ElementsMatch(t, []string{
		`preflight: cpu: "two" is no quantity, as 2700m and 5Gi are`, `preflight: memory: "much" is no quantity, as 2700m and 5Gi are`,
		`preflight: kubernetes_min: "1" is no minor version, as 1.35 is`, `preflight: kubernetes_max: "one.two" is no minor version, as 1.35 is`,
	}, Needs{CPU: "two", Memory: "much", MinVersion: "1", MaxVersion: "one.two"}.Invalid())
}

func (w *world) class(name string, binding storage.VolumeBindingMode) {
	_, err := w.cluster.Typed().StorageV1().StorageClasses().Create(w.Context(), &storage.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name},
		Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &binding}, metav1.CreateOptions{})
	require.NoError(w, err)
}

// volume is one of a class without a provisioner.
func (w *world) volume(class string) {
	_, err := w.cluster.Typed().CoreV1().PersistentVolumes().Create(w.Context(), &core.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "by-hand"}, Spec: core.PersistentVolumeSpec{
		StorageClassName: class, AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteOnce}, Capacity: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")},
		PersistentVolumeSource: core.PersistentVolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/nowhere"}},
	}}, metav1.CreateOptions{})
	require.NoError(w, err)
}

func (w *world) noDefault() {
	_, err := w.cluster.Typed().StorageV1().StorageClasses().Patch(w.Context(), "kwok-volume", types.MergePatchType, []byte(`{"metadata": {"annotations": {"`+isDefault+`": "false"}}}`), metav1.PatchOptions{})
	require.NoError(w, err)
}

// reader makes the rest of the test one of a user with few rights.
func (w *world) reader() {
	role := &rbac.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "reader"}, Rules: []rbac.PolicyRule{
		{APIGroups: []string{"storage.k8s.io"}, Resources: []string{"storageclasses"}, Verbs: []string{"list"}}, {APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"patch"}},
	}}
	_, err := w.cluster.Typed().RbacV1().ClusterRoles().Create(w.Context(), role, metav1.CreateOptions{})
	require.NoError(w, err)
	_, err = w.cluster.Typed().RbacV1().ClusterRoleBindings().Create(w.Context(), &rbac.ClusterRoleBinding{ObjectMeta: role.ObjectMeta,
		RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "reader"}, Subjects: []rbac.Subject{{Kind: "User", APIGroup: rbac.GroupName, Name: "reader"}}}, metav1.CreateOptions{})
	require.NoError(w, err)
	config, err := clientcmd.LoadFromFile(w.kubernetes.Kubeconfig())
	require.NoError(w, err)
	config.AuthInfos["admin"].Impersonate = "reader"
	text, err := clientcmd.Write(*config)
	require.NoError(w, err)
	w.cluster, err = cluster.Open(cluster.Kubeconfig{Content: string(text)})
	require.NoError(w, err)
}

// balance gives addresses to Services, as the controller of a load balancer does, up to the end of the test.
func (w *world) balance() {
	services := w.cluster.Typed().CoreV1().Services(metav1.NamespaceDefault)
	watch, err := services.Watch(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	ended := make(chan struct{})
	w.Cleanup(func() { watch.Stop(); <-ended })
	go func() {
		defer close(ended)
		for event := range watch.ResultChan() {
			service, ok := event.Object.(*core.Service)
			if !ok || service.Spec.Type != core.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 || event.Type == "DELETED" {
				continue
			}
			service.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{IP: "192.0.2.7"}}
			_, err := services.UpdateStatus(context.Background(), service, metav1.UpdateOptions{})
			assert.NoError(w, err)
		}
	}()
}

func (w *world) ingress() {
	services := w.cluster.Typed().CoreV1().Services(metav1.NamespaceSystem)
	made, err := services.Create(w.Context(), &core.Service{ObjectMeta: metav1.ObjectMeta{Name: "ingress"}, Spec: core.ServiceSpec{
		Type: core.ServiceTypeLoadBalancer, Ports: []core.ServicePort{{Port: 443}}}}, metav1.CreateOptions{})
	require.NoError(w, err)
	made.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{Hostname: "lb.example.com"}}
	_, err = services.UpdateStatus(w.Context(), made, metav1.UpdateOptions{})
	require.NoError(w, err)
}

// hungry is a pod on the node that has asked for nearly all of it.
func (w *world) hungry() {
	_, err := w.cluster.Typed().CoreV1().Pods(metav1.NamespaceSystem).Create(w.Context(), &core.Pod{ObjectMeta: metav1.ObjectMeta{Name: "hungry"}, Spec: core.PodSpec{
		NodeName: "node-1", Containers: []core.Container{{Name: "hungry", Image: "lab/web:1", Resources: core.ResourceRequirements{Requests: core.ResourceList{"cpu": resource.MustParse("999")}}}},
	}}, metav1.CreateOptions{})
	require.NoError(w, err)
}

// issuer makes the definition of cert-manager's ClusterIssuer, and one that is ready or not.
func (w *world) issuer(ready string) {
	for _, manifest := range []string{`{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "clusterissuers.cert-manager.io"},
		"spec": {"group": "cert-manager.io", "names": {"kind": "ClusterIssuer", "plural": "clusterissuers", "singular": "clusterissuer"}, "scope": "Cluster",
		"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}`,
		`{"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "metal-stack"},
		"status": {"conditions": [{"type": "Ready", "status": "` + ready + `", "message": "the account cannot be registered"}]}}`} {
		w.apply(manifest)
	}
}

// settled waits until the controllers and KWOK have made what a cluster has from its begin on.
func (w *world) settled() {
	typed := w.cluster.Typed().CoreV1()
	require.EventuallyWithT(w, func(c *assert.CollectT) {
		_, err := typed.ServiceAccounts(metav1.NamespaceDefault).Get(w.Context(), "default", metav1.GetOptions{})
		require.NoError(c, err)
		node, err := typed.Nodes().Get(w.Context(), "node-1", metav1.GetOptions{})
		require.NoError(c, err)
		require.True(c, takesPods(*node))
	}, time.Minute, 50*time.Millisecond)
}

// proofs are the objects that proofs have left.
func (w *world) proofs() []string {
	var left []string
	note := func(name string, deleted *metav1.Time) {
		if strings.HasPrefix(name, probe) && deleted == nil {
			left = append(left, name)
		}
	}
	typed := w.cluster.Typed().CoreV1()
	claims, err := typed.PersistentVolumeClaims(metav1.NamespaceDefault).List(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	for _, c := range claims.Items {
		note(c.Name, c.DeletionTimestamp)
	}
	services, err := typed.Services(metav1.NamespaceDefault).List(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	for _, s := range services.Items {
		note(s.Name, s.DeletionTimestamp)
	}
	pods, err := typed.Pods(metav1.NamespaceDefault).List(w.Context(), metav1.ListOptions{})
	require.NoError(w, err)
	for _, p := range pods.Items {
		note(p.Name, p.DeletionTimestamp)
	}
	return left
}

// apply waits until the kind is known, which a definition takes a moment for.
func (w *world) apply(manifest string) {
	o := &unstructured.Unstructured{}
	require.NoError(w, o.UnmarshalJSON([]byte(manifest)))
	require.EventuallyWithT(w, func(c *assert.CollectT) {
		w.cluster.Forget()
		require.NoError(c, w.cluster.Apply(w.Context(), o))
	}, time.Minute, 50*time.Millisecond)
}
