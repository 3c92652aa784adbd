package service

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheReasonIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines string
		want  Reason
	}{
		"nothing said":                    {"", Reason{}},
		"others' lines are not looked at": {`{"level":"fatal","msg":"etcd"}` + "\nI1125 fatal: x509: certificate\n", Reason{}},
		"another token": {`time="2026-03-01T00:00:00Z" level=info msg="Starting k3s v1.35.6+k3s1 (0a1b2c3d)"` + "\n" +
			`time="2026-03-01T00:00:01Z" level=fatal msg="Error: preparing server: failed to bootstrap cluster data: https://10.0.0.11:6443/v1-k3s/server-bootstrap: 401 Unauthorized"`,
			Reason{"preparing server: failed to bootstrap cluster data: https://10.0.0.11:6443/v1-k3s/server-bootstrap: 401 Unauthorized",
				"the token is not that of the cluster; take it from server/token of a server", true, true, ""}},
		"an agent goes on trying": {`time="2026-03-01T00:00:01Z" level=error msg="Failed to validate connection to cluster at https://10.0.0.11:6443: 401 Unauthorized"`,
			Reason{"Failed to validate connection to cluster at https://10.0.0.11:6443: 401 Unauthorized", "the token is not that of the cluster; take it from server/token of a server", false, true, `time="2026-03-01T00:00:01Z"`}},
		"what passes does not end it": {`time="2026-03-01T00:00:01Z" level=fatal msg="Error: failed to get CA certs: Get \"https://10.0.0.11:6443/cacerts\": dial tcp 10.0.0.11:6443: connect: connection refused"`,
			Reason{`failed to get CA certs: Get "https://10.0.0.11:6443/cacerts": dial tcp 10.0.0.11:6443: connect: connection refused`, "is k3s running on the server that it joins?", false, false, ""}},
		"a cause goes before what was said last": {`time="2026-03-01T00:00:01Z" level=info msg="Waiting for other members to finish joining etcd cluster: etcdserver: unhealthy cluster"` + "\n" +
			`time="2026-03-01T00:00:02Z" level=info msg="Tunnel server"`,
			Reason{"Waiting for other members to finish joining etcd cluster: etcdserver: unhealthy cluster", "a member of etcd is down or left behind; start it, or remove it from the cluster", false, false, `time="2026-03-01T00:00:01Z"`}},
		"an unknown one, again and again": {strings.Repeat(`time="2026-03-01T00:00:01Z" level=fatal msg="Error: something new"`+"\n", 3), Reason{Said: "something new", Ends: true}},
		"an unknown one":                  {`time="2026-03-01T00:00:01Z" level=fatal msg="Error: something new"`, Reason{Said: "something new"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, Why(strings.Split(c.lines, "\n")))
		})
	}
}

func TestWordsOfAUnit(t *testing.T) {
	t.Parallel()
	all, err := words(`/usr/local/bin/k3s server '--node-label' 'a=b c' "--tls-san=x\"y" --flag`)
	require.NoError(t, err)
	assert.Equal(t, []string{"--node-label", "a=b c", `--tls-san=x"y`, "--flag"}, behind(all, Server))
	_, err = words("k3s 'a")
	assert.EqualError(t, err, "a quote is not closed: k3s 'a")
}
