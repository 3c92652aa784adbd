package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/internal/cluster"
	"github.com/metal-stack/initial-cluster/testing/charttest"
	"github.com/metal-stack/initial-cluster/testing/kubetest"
	"github.com/metal-stack/initial-cluster/testing/storetest"
)

// asModule makes the test binary the module: each run is a process of its own, as under Ansible.
const asModule = "RUN_AS_METAL_CONTROL_PLANE"

func TestMain(m *testing.M) {
	if os.Getenv(asModule) != "" {
		main()
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // the tests wait for a cluster, most of their time
		panic(err)
	}
	os.Exit(m.Run())
}

// world is a cluster, a registry with the charts, and a namespace.
type world struct {
	kubernetes *kubetest.Cluster
	cluster    *cluster.Cluster
	registry   *charttest.Registry
	digest     string
	folder     string
	namespace  string
}

func newWorld(t testing.TB) *world {
	w := &world{kubernetes: kubetest.Run(t, kubetest.Options{Pods: true, Storage: true}), registry: charttest.NewRegistry(t), folder: charttest.Folder(t, "metal-control-plane")}
	var err error
	w.cluster, err = cluster.Open(cluster.Kubeconfig{File: w.kubernetes.Kubeconfig()})
	require.NoError(t, err)
	w.digest = w.registry.Push(t, "metal-stack", "metal-control-plane")
	w.registry.Push(t, "metal-stack", "database")
	return w
}

// fresh is the same world with another namespace.
func (w *world) fresh(namespace string) *world {
	again := *w
	again.namespace = namespace
	return &again
}

func (w *world) fill(text string) string {
	return strings.NewReplacer("@KUBECONFIG@", w.kubernetes.Kubeconfig(), "@REGISTRY@", w.registry.Host(), "@CA@", w.registry.CAFile(), "@DIGEST@", w.digest,
		"@FOLDER@", w.folder, "@NAMESPACE@", w.namespace).Replace(text)
}

// changing is what differs from run to run, or from machine to machine.
var changing = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "@DIGEST@"},
	{regexp.MustCompile(`\(lookup [^)]*\)`), "(@LOOKUP@)"},
	{regexp.MustCompile(`resolves to [0-9a-f.:, ]+`), "resolves to @ADDRESSES@"},
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9:]+Z)?`), "@DATE@"},
	{regexp.MustCompile(`io/secrets: [0-9a-f]{32}`), "io/secrets: @CHECKSUM@"},
	{regexp.MustCompile(`[0-9]+[a-z]* CPUs and [0-9]+[A-Za-z]* memory are free`), "@FREE@ are free"},
}

func (w *world) mask(text string) string {
	text = strings.NewReplacer(w.kubernetes.Kubeconfig(), "@KUBECONFIG@", w.registry.Host(), "@REGISTRY@", w.registry.CAFile(), "@CA@", w.folder, "@FOLDER@",
		w.namespace, "@NAMESPACE@").Replace(text)
	for _, c := range changing {
		text = c.form.ReplaceAllString(text, c.name)
	}
	return text
}

func (w *world) arguments(t *testing.T, file string, check bool) string {
	template, err := os.ReadFile(filepath.Join("testdata", file+".args.json"))
	require.NoError(t, err)
	var args map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.fill(string(template))), &args))
	args["_ansible_check_mode"], args["_ansible_diff"] = check, true
	text, err := json.Marshal(args)
	require.NoError(t, err)
	return string(text)
}

// module prepares a run. What it writes is in the buffer once it has ended.
func module(arguments string) (*exec.Cmd, *bytes.Buffer) {
	command := exec.Command(os.Args[0], "-")
	command.Env = []string{asModule + "=1", "PATH=" + os.Getenv("PATH")}
	command.Stdin = strings.NewReader(arguments)
	out := &bytes.Buffer{}
	command.Stdout, command.Stderr = out, out
	return command, out
}

// secrets are in no output.
var secrets = []string{"correct horse battery", "view-key-secret", charttest.Password, storetest.Secrets[0], "another-secret-1", "BEGIN PRIVATE KEY", "LS0tLS1CRUdJTiBQUklWQVRF"}

func (w *world) run(t *testing.T, arguments string) map[string]any {
	t.Helper()
	command, out := module(arguments)
	err := command.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || assert.ErrorAs(t, err, &exit), "%v", err)
	for _, secret := range secrets {
		assert.NotContains(t, out.String(), secret)
	}
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.mask(out.String())), &result), out.String())
	return result
}

// jobs counts how often each job was made in a namespace.
type jobs struct {
	made map[string]int
	stop func()
	done chan struct{}
}

func (w *world) watchJobs(t *testing.T) *jobs {
	_, err := w.cluster.Typed().CoreV1().Namespaces().Create(t.Context(), &core.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, metav1.CreateOptions{})
	require.True(t, err == nil || apierrors.IsAlreadyExists(err), "%v", err)
	before, err := w.cluster.Typed().BatchV1().Jobs(w.namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	watch, err := w.cluster.Typed().BatchV1().Jobs(w.namespace).Watch(t.Context(), metav1.ListOptions{ResourceVersion: before.ResourceVersion})
	require.NoError(t, err)
	j := &jobs{made: map[string]int{}, stop: watch.Stop, done: make(chan struct{})}
	go func() {
		defer close(j.done)
		for event := range watch.ResultChan() {
			if event.Type == "ADDED" {
				j.made[event.Object.(metav1.Object).GetName()]++
			}
		}
	}()
	return j
}

// end gives the counts.
func (j *jobs) end() map[string]int {
	j.stop()
	<-j.done
	return j.made
}

func (w *world) statuses(t *testing.T) []string {
	list, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "owner=helm"})
	require.NoError(t, err)
	var statuses []string
	for _, s := range list.Items {
		statuses = append(statuses, s.Labels["status"])
	}
	return statuses
}
