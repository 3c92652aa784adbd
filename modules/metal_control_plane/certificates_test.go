package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// change gives arguments with something else about the certificates.
func change(t *testing.T, arguments string, do func(certificates []any, args map[string]any)) string {
	t.Helper()
	var args map[string]any
	require.NoError(t, json.Unmarshal([]byte(arguments), &args))
	do(args["certificates"].([]any), args)
	text, err := json.Marshal(args)
	require.NoError(t, err)
	return string(text)
}

func set(certificate any, options map[string]any) {
	for name, value := range options {
		certificate.(map[string]any)[name] = value
	}
}

func (w *world) secret(t *testing.T, name string) map[string][]byte {
	t.Helper()
	found, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return found.Data
}

func (w *world) annotation(t *testing.T, deployment string) string {
	t.Helper()
	found, err := w.cluster.Typed().AppsV1().Deployments(w.namespace).Get(t.Context(), deployment, metav1.GetOptions{})
	require.NoError(t, err)
	return found.Spec.Template.Annotations["initial-cluster.metal-stack.io/secrets"]
}

// steps runs check mode and then for real, which must say the same, and gives what they say.
func (w *world) steps(t *testing.T, arguments string) any {
	t.Helper()
	checking := change(t, arguments, func(_ []any, args map[string]any) { args["_ansible_check_mode"] = true })
	check, apply := w.run(t, checking), w.run(t, arguments)
	require.NotEqual(t, true, apply["failed"], "%v", apply["msg"])
	assert.Equal(t, part(check, "changed", "steps", "diff"), part(apply, "changed", "steps", "diff"), "check mode says what apply does")
	assert.Equal(t, false, w.run(t, arguments)["changed"], "the second run changes nothing")
	return apply["steps"]
}

func TestCertificates(t *testing.T) {
	shared := newWorld(t)
	for name, test := range map[string]func(*testing.T, *world){
		"are renewed before they end":                               renewed,
		"of another authority are refused unless asked for by name": replaced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, shared.fresh("certificates-"+strings.Fields(name)[1]))
		})
	}
}

func renewed(t *testing.T, w *world) {
	base := w.arguments(t, "certificates", false)
	w.steps(t, base)
	server, nsqd, ca, annotation := w.secret(t, "grpc-server"), w.secret(t, "nsqd"), w.secret(t, "metal-stack"), w.annotation(t, "nsqd")
	require.NotEmpty(t, annotation)
	assert.Equal(t, annotation, w.annotation(t, "metal-api"), "which reads the same Secret, with a chart that does not know")
	assert.Empty(t, w.annotation(t, "ipam"))
	assert.Equal(t, server["tls.crt"], w.secret(t, "metal-api-grpc")["server.pem"])
	assert.Equal(t, string(ca["tls.crt"]), string(server["ca.crt"]))
	assert.Equal(t, string(nsqd["client.pem"][len(nsqd["client.pem"])-len(nsqd["client_key.pem"]):]), string(nsqd["client_key.pem"]))

	_, err := w.cluster.Typed().CoreV1().Secrets(w.namespace).Patch(t.Context(), "nsqd", "application/merge-patch+json",
		[]byte(`{"data": {"other": "a2VwdA=="}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	soon := change(t, base, func(all []any, _ map[string]any) { set(all[2], map[string]any{"validity": 1000, "renew_before": 400}) })
	assert.Equal(t, []any{
		"certificate nsqd: renew it, as it ends on @DATE@", "nsq: upgrade 1 manifests: change Deployment nsqd", "metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api",
	}, w.steps(t, soon))
	assert.NotEqual(t, annotation, w.annotation(t, "nsqd"), "its pods are replaced")
	assert.Equal(t, w.annotation(t, "nsqd"), w.annotation(t, "metal-api"))
	assert.Equal(t, "kept", string(w.secret(t, "nsqd")["other"]))
	assert.Equal(t, server, w.secret(t, "grpc-server"))
	assert.Equal(t, ca, w.secret(t, "metal-stack"))

	_, err = w.cluster.Typed().CoreV1().Secrets(w.namespace).Patch(t.Context(), "nsqd", "application/merge-patch+json",
		[]byte(`{"data": {"ca.pem": null}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	assert.Equal(t, []any{"certificate nsqd: correct ca.pem in Secret @NAMESPACE@/nsqd"}, w.steps(t, soon))
}

func replaced(t *testing.T, w *world) {
	base := w.arguments(t, "certificates", false)
	w.steps(t, base)
	dir := t.TempDir()
	other, err := certtest.NewAuthority(dir)
	require.NoError(t, err)
	given := change(t, base, func(_ []any, args map[string]any) {
		args["certificate_authorities"] = []any{map[string]any{"name": "metal-stack", "certificate": string(other.PEM())}}
	})
	var refused []string
	for _, name := range []string{"grpc-server", "grpc-client", "nsqd"} {
		refused = append(refused, "certificate "+name+": Secret @NAMESPACE@/"+name+" has one that CN=metal-stack,O=metal-stack has signed and not CN=initial cluster lab; "+
			"give that authority, or set replace for all that trust each other to change over")
	}
	assert.Equal(t, strings.Join(refused, "; "), w.run(t, given)["msg"])

	replace := change(t, given, func(all []any, _ map[string]any) {
		for _, c := range all {
			set(c, map[string]any{"replace": true})
		}
	})
	assert.Contains(t, w.run(t, replace)["msg"], "certificate grpc-server: must be made (it is of CN=metal-stack,O=metal-stack), and the key of its authority metal-stack is not given; give it")

	key, err := os.ReadFile(dir + "/ca.key")
	require.NoError(t, err)
	whole := change(t, replace, func(_ []any, args map[string]any) {
		args["certificate_authorities"].([]any)[0].(map[string]any)["key"] = string(key)
	})
	assert.Equal(t, []any{
		"certificate grpc-server: renew it, as it is of CN=metal-stack,O=metal-stack", "certificate grpc-client: renew it, as it is of CN=metal-stack,O=metal-stack",
		"certificate nsqd: renew it, as it is of CN=metal-stack,O=metal-stack", "nsq: upgrade 1 manifests: change Deployment nsqd",
		"metal: upgrade metal-control-plane 0.8.8: change Deployment metal-api, change Secret metal-api-grpc",
	}, w.steps(t, whole))
}
