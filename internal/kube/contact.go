package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/reach"
)

// Contact is what a cluster says of itself and of who asks.
type Contact struct {
	Version string // as v1.36.3
	User    string // as whom the credential is known; empty if the cluster does not tell, as before 1.28
}

// ContactError is why there was no contact.
type ContactError struct {
	text string
	// Wrong tells that the cluster is there and does not take the credential, or that it is another one than the certificate
	// authority is of. Otherwise it could not be asked.
	Wrong bool
}

func (e *ContactError) Error() string { return e.text }

// Contact asks the cluster for its version, and as whom it knows the credential. The context bounds it.
func (k *Context) Contact(ctx context.Context) (Contact, error) {
	if err := k.authenticate(ctx); err != nil {
		return Contact{}, fmt.Errorf("context %s of %s: %w", k.Name, k.path, err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = k.tls
	if k.proxy != nil {
		transport.Proxy = http.ProxyURL(k.proxy)
	}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	var version struct{ GitVersion string }
	if _, err := k.ask(ctx, client, http.MethodGet, "/version", nil, &version); err != nil {
		return Contact{}, err
	}
	if version.GitVersion == "" {
		return Contact{}, k.fault("answers, but not as Kubernetes does", "check the address, and whether a proxy answers in its place", false)
	}
	var review struct {
		Status struct{ UserInfo struct{ Username string } }
	}
	question := []byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)
	status, err := k.ask(ctx, client, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", question, &review)
	if err != nil && status != http.StatusNotFound && status != http.StatusForbidden { // a wrong credential is 401 everywhere
		return Contact{}, err
	}
	return Contact{Version: version.GitVersion, User: review.Status.UserInfo.Username}, nil
}

const largeAnswer = 1 << 20

func (k *Context) ask(ctx context.Context, client *http.Client, method, path string, body []byte, answer any) (status int, err error) {
	question, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(k.Server, "/")+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	question.Header.Set("Accept", "application/json")
	question.Header.Set("Content-Type", "application/json")
	if k.token != "" {
		question.Header.Set("Authorization", "Bearer "+k.token)
	}
	said, err := client.Do(question)
	if err != nil {
		reason := reach.Explain(ctx, err)
		if reason.Certificate {
			reason.Next = "get a new kubeconfig of this cluster, or check whether a proxy answers in its place"
		}
		return 0, k.fault(reason.Why, reason.Next, reason.Certificate)
	}
	defer said.Body.Close()
	content, err := io.ReadAll(io.LimitReader(said.Body, largeAnswer))
	if err != nil {
		reason := reach.Explain(ctx, err)
		return 0, k.fault(reason.Why, reason.Next, false)
	}
	return said.StatusCode, k.understand(path, said, content, answer)
}

func (k *Context) understand(path string, said *http.Response, content []byte, answer any) error {
	var told struct{ Kind, Message string }
	kubernetes := json.Unmarshal(content, &told) == nil
	switch {
	case said.StatusCode == http.StatusUnauthorized && kubernetes:
		return k.fault("does not accept the credential", "get a new kubeconfig of this cluster", true)
	case said.StatusCode == http.StatusForbidden && kubernetes:
		return k.fault("forbids "+path+" ("+strings.Join(strings.Fields(told.Message), " ")+")", "give the user the right to it", true)
	case said.StatusCode == http.StatusOK || said.StatusCode == http.StatusCreated:
		if json.Unmarshal(content, answer) == nil {
			return nil
		}
	}
	return k.fault(fmt.Sprintf("answers %s to %s", said.Status, path), "check the address, and whether a proxy answers in its place", false)
}

func (k *Context) fault(why, next string, wrong bool) *ContactError {
	return &ContactError{fmt.Sprintf("reach the cluster at %s (context %s of %s): %s; %s", k.Server, k.Name, k.path, why, next), wrong}
}
