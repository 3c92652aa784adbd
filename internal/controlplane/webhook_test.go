package controlplane

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admission "k8s.io/api/admission/v1"
	registration "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

// webhook makes the API server ask one whether objects may be created in the test's namespace. It refuses for the reason that is given;
// without one it does not answer.
func (w *world) webhook(resource string, refuse func() string) {
	w.newNamespace()
	authority, err := certtest.NewAuthority(w.TempDir())
	require.NoError(w, err)
	pair, err := authority.ServerCertificate()
	require.NoError(w, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		var review admission.AdmissionReview
		assert.NoError(w, json.NewDecoder(request.Body).Decode(&review))
		review.Response = &admission.AdmissionResponse{UID: review.Request.UID, Result: &metav1.Status{Message: refuse()}}
		review.Request = nil
		answer.Header().Set("Content-Type", "application/json")
		assert.NoError(w, json.NewEncoder(answer).Encode(review))
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	w.Cleanup(server.Close)
	if refuse == nil {
		server.Close()
	}
	none, fail, url := registration.SideEffectClassNone, registration.Fail, server.URL
	hooks := w.cluster.Typed().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err = hooks.Create(w.Context(), &registration.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}, Webhooks: []registration.ValidatingWebhook{{
		Name: "gate.example.com", SideEffects: &none, FailurePolicy: &fail, AdmissionReviewVersions: []string{"v1"},
		ClientConfig:      registration.WebhookClientConfig{URL: &url, CABundle: authority.PEM()},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": w.namespace}},
		Rules: []registration.RuleWithOperations{{Operations: []registration.OperationType{registration.Create},
			Rule: registration.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{resource, "configmaps"}}}},
	}}}, metav1.CreateOptions{})
	require.NoError(w, err)
	w.Cleanup(func() { assert.NoError(w, hooks.Delete(context.Background(), w.namespace, metav1.DeleteOptions{})) })
	require.Eventually(w, func() bool {
		probe := &core.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "probe"}}
		_, err := w.cluster.Typed().CoreV1().ConfigMaps(w.namespace).Create(w.Context(), probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err != nil
	}, enough, 50*time.Millisecond, "the API server asks the webhook")
}
