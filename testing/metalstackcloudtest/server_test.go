package metalstackcloudtest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/certtest"
)

const project = "f8e67080-ba68-41d2-ad44-59dc65a09a33"

type client struct {
	*http.Client
	token string
}

func (c client) post(t *testing.T, s *Server, method, body string) (int, map[string]any) {
	t.Helper()
	question, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api.v1."+method, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	question.Header.Set("Content-Type", "application/json")
	question.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := c.Do(question)
	require.NoError(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var said map[string]any
	require.NoError(t, json.Unmarshal(content, &said), string(content))
	return answer.StatusCode, said
}

const creation = `{"name":"initial","project":"` + project + `","partition":"eqx-mu4","kubernetes":{"version":"1.35.7"},` +
	`"workers":[{"name":"group-0","machineType":"n1-medium-x86","minsize":1,"maxsize":2,"maxsurge":1,"maxunavailable":0}]}`

// What an earlier server left goes on: tokens, clusters, and operations in their midst.
func TestARestartGoesOn(t *testing.T) {
	t.Parallel()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	o := Options{Dir: t.TempDir(), Certificate: certificate, OperationTime: time.Millisecond}
	first, err := Start(o)
	require.NoError(t, err)
	c := client{Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}}}}
	c.token, err = first.Token(time.Hour, Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	first.Hold(0.5)
	status, _ := c.post(t, first, "ClusterService/Create", creation)
	require.Equal(t, http.StatusOK, status)
	c.CloseIdleConnections()
	require.NoError(t, first.Close())

	second, err := Start(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, second.Close()) }()
	require.Eventually(t, func() bool {
		all := second.Clusters()
		return len(all) == 1 && all[0].Status != nil && all[0].Status.State == "Succeeded"
	}, time.Minute, time.Millisecond)
	status, said := c.post(t, second, "ClusterService/List", `{"project":"`+project+`"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.Len(t, said["clusters"], 1)
	c.CloseIdleConnections()
}

// The refusals are those of the real API, as far as its definition tells them.
func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	authority, err := certtest.NewAuthority(t.TempDir())
	require.NoError(t, err)
	certificate, err := authority.ServerCertificate()
	require.NoError(t, err)
	s, err := Start(Options{Dir: t.TempDir(), Certificate: certificate})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	c := client{Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}}}}
	defer c.CloseIdleConnections()
	viewer, err := s.Token(time.Hour, Grant{Project: project, Role: "viewer"})
	require.NoError(t, err)
	editor, err := s.Token(time.Hour, Grant{Project: project, Role: "editor"})
	require.NoError(t, err)
	for _, r := range []struct {
		token, method, body string
		status              int
		code, message       string
	}{
		{"none", "ClusterService/List", `{}`, 401, "unauthenticated", "invalid token: token is malformed: token contains an invalid number of segments"},
		{viewer, "ClusterService/Create", creation, 403, "permission_denied", `not allowed to call: /api.v1.ClusterService/Create in project "` + project + `"`},
		{editor, "ClusterService/List", `{"project":"other"}`, 403, "permission_denied", `not allowed to call: /api.v1.ClusterService/List in project "other"`},
		{editor, "ClusterService/Get", `{"project":"` + project + `","uuid":"x"}`, 404, "not_found", `no entity with uuid:"x" found`},
		{editor, "ClusterService/Create", `{"project":"` + project + `","name":"much-too-long-a-name","slip":1}`, 400, "invalid_argument", `unmarshal message: json: unknown field "slip"`},
		{editor, "ClusterService/Create", `{"project":"` + project + `","name":"much-too-long-a-name"}`, 400, "invalid_argument",
			"validation errors:\n - name: value length must be at most 12 characters [string.max_len]"},
	} {
		c.token = r.token
		status, said := c.post(t, s, r.method, r.body)
		assert.Equal(t, r.status, status, r.message)
		assert.Equal(t, map[string]any{"code": r.code, "message": r.message}, said)
	}
}
