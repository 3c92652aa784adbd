package metalstackcloud

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/testing/metalstackcloudtest"
)

// refused is one row: what metalstack.cloud answers, and the line that comes of it.
var refused = []struct {
	method, code, message, want string
}{
	{"List", "unauthenticated", "invalid token", "find cluster initial: metalstack.cloud does not accept the token (invalid token); " +
		"make a new one in the console, under Access Tokens, and check that it is of @HOST@"},
	{"List", "permission_denied", "not allowed to call: /api.v1.ClusterService/List", "find cluster initial: the token may not do that " +
		"(not allowed to call: /api.v1.ClusterService/List); let it call ClusterService/List in project " + project + ", or make one with the role editor there"},
	{"List", "unavailable", "upstream connect error", "find cluster initial, 4 tries: metalstack.cloud cannot answer now (upstream connect error); run it again later"},
	{"List", "internal", "", "find cluster initial: metalstack.cloud fails with code internal; run it again, and ask its support if that does not help"},
	{"List", "unimplemented", "", "find cluster initial: @HOST@ has no ClusterService/List; check api_url, and whether a proxy answers in its place"},
	{"Create", "failed_precondition", "no payment\nmethod", "create cluster initial: metalstack.cloud refuses it as things are (no payment method); " +
		"mend that in the console, and run it again"},
	{"Create", "permission_denied", "", "create cluster initial: the token may not do that; let it call ClusterService/Create in project " + project +
		", or make one with the role editor there"},
	{"Create", "invalid_argument", "validation error:\n - name: too long", "create cluster initial: metalstack.cloud does not take these values " +
		"(validation error: - name: too long); correct the option"},
	{"Create", "already_exists", "cluster initial", "create cluster initial: it exists already (cluster initial); run it again to go on with it"},
	{"Create", "resource_exhausted", "quota of machines", "create cluster initial: a limit is reached (quota of machines); " +
		"ask for less, have the limit raised, or wait if it is one of requests a minute"},
	{"Create", "not_found", "project", "create cluster initial: metalstack.cloud does not find it (project); check project " + project + " and the names"},
	{"Create", "unavailable", "", "create cluster initial: metalstack.cloud cannot answer now; run it again later"},
	{"Get", "permission_denied", "", "look at cluster initial: the token may not do that; let it call ClusterService/Get in project " + project +
		", or make one with the role editor there"},
}

func TestRefusalsAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	for _, r := range refused {
		w.ClearFaults()
		w.Inject(metalstackcloudtest.Fault{Kind: metalstackcloudtest.Refused, Method: r.method, Code: r.code, Message: r.message})
		_, err := w.make(t, t.Context(), Want{Name: "initial"})
		assert.EqualError(t, err, strings.ReplaceAll(r.want, "@HOST@", w.cloud.Host()))
	}
}

func TestAnswersOfOthersAreToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	host := w.cloud.Host()
	const proxy = "; check api_url, and whether a proxy answers in its place"
	for _, c := range []struct {
		fault metalstackcloudtest.Fault
		want  string
	}{
		{metalstackcloudtest.Fault{Kind: metalstackcloudtest.Proxy, Status: 403}, "find cluster initial: " + host + " answers 403 text/html, not as the API does" + proxy},
		{metalstackcloudtest.Fault{Kind: metalstackcloudtest.Proxy, Status: 302}, "find cluster initial: " + host + " answers 302 text/html, not as the API does" + proxy},
		{metalstackcloudtest.Fault{Kind: metalstackcloudtest.Proxy, Status: 502}, "find cluster initial, 4 tries: " + host + " answers 502 text/html, not as the API does; run it again later"},
		{metalstackcloudtest.Fault{Kind: metalstackcloudtest.Garbled}, "find cluster initial: " + host + " answers something that cannot be read (unexpected end of JSON input)" + proxy},
		{metalstackcloudtest.Fault{Kind: metalstackcloudtest.Gone}, "find cluster initial, 4 tries: " + host + ": the connection was cut (EOF); check the network and run it again"},
	} {
		w.ClearFaults()
		w.Inject(c.fault)
		_, err := w.make(t, t.Context(), Want{Name: "initial"})
		assert.EqualError(t, err, c.want)
	}
}

// Whatever hits a single request that may be repeated is repeated, and is not seen.
func TestAPassingFaultPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{OperationTime: 20 * time.Millisecond})
	for _, kind := range []metalstackcloudtest.Kind{metalstackcloudtest.Gone, metalstackcloudtest.Cut} {
		for _, method := range []string{"List", "Get", "Update", "Delete"} {
			w.Inject(metalstackcloudtest.Fault{Kind: kind, Method: method, Times: 1})
		}
		w.made(t, Want{Name: "initial"})
		w.made(t, Want{Name: "initial", Version: "1.36"})
		w.made(t, Want{Name: "initial", Absent: true})
		assert.Empty(t, w.Clusters())
		w.ClearFaults()
	}
}

// A creation whose answer is lost is looked for, and is never asked for twice.
func TestALostAnswerToACreation(t *testing.T) {
	t.Parallel()
	for _, kind := range []metalstackcloudtest.Kind{metalstackcloudtest.Cut, metalstackcloudtest.Garbled} {
		w := newWorld(t, metalstackcloudtest.Options{OperationTime: 20 * time.Millisecond})
		w.Inject(metalstackcloudtest.Fault{Kind: kind, Method: "Create", Times: 1})
		w.made(t, Want{Name: "initial"})
		assert.Len(t, w.Calls("ClusterService/Create"), 1)
	}
	w := newWorld(t, metalstackcloudtest.Options{})
	w.Inject(metalstackcloudtest.Fault{Kind: metalstackcloudtest.Gone, Method: "Create", Times: 1})
	_, err := w.make(t, t.Context(), Want{Name: "initial"})
	assert.EqualError(t, err, "create cluster initial: "+w.cloud.Host()+": the connection was cut (EOF); check the network and run it again")
	assert.Empty(t, w.Clusters())
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, metalstackcloudtest.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())
	plain := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	open, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = plain.Serve(open) }()
	t.Cleanup(func() { assert.NoError(t, plain.Close()) })
	for url, want := range map[string]string{
		"https://" + closed:               "find the token's project, 4 tries: " + closed + ": connection refused; check the network and https_proxy",
		"https://" + open.Addr().String(): "find the token's project: " + open.Addr().String() + ": it does not speak TLS; check whether a proxy answers in its place",
		"https://nowhere.invalid":         "find the token's project: nowhere.invalid: its name does not resolve; check DNS on this host, or set https_proxy",
		"http://api.example.com":          "reach metalstack.cloud at http://api.example.com: that is no https URL; correct api_url, or take a token of metalstack.cloud",
		strings.ReplaceAll(w.URL(), "127.0.0.1", "127.0.0.2"): "find the token's project: " + strings.ReplaceAll(w.cloud.Host(), "127.0.0.1", "127.0.0.2") +
			": connection refused; check the network and https_proxy",
	} {
		_, err := Open(t.Context(), Access{Token: w.token, URL: url, Pace: pace})
		require.Error(t, err)
		if strings.Contains(url, "127.0.0.2") || strings.Contains(url, "invalid") { // tries differ by resolver
			assert.Equal(t, want, strings.ReplaceAll(err.Error(), ", 4 tries", ""))
			continue
		}
		assert.EqualError(t, err, want)
	}
}
