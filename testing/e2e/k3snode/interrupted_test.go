package k3snode

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// killedWhenReady runs the module with arguments from a file, and kills it when the k3s that it has started is ready, before its node is.
const killedWhenReady = module + ` - < /root/args.json >/dev/null 2>&1 &
run=$(systemctl show --value --property=InvocationID k3s)
while [ "$(systemctl show --value --property=InvocationID k3s)" = "$run" ]; do sleep 0.05; done
while ! systemctl is-active --quiet k3s; do sleep 0.05; done
kill -9 $!
wait $! || test $? = 137`

// K3s is as it is wanted then, and only its node is out of scheduling.
func TestAServerTakesPodsAgainWhoseRunWasKilledWhenK3sWasReady(t *testing.T) {
	w := newWorld(t, "s1", "a1")
	s, agent := w.nodes[0], w.nodes[1]
	s.apply(t, w.want(nil))
	agent.apply(t, w.want(args{"role": "agent"}))
	upgrade := w.want(args{"version": k3stest.Versions[1], "upgrade": true, "drain": true})
	text, err := io.ReadAll(s.command(t, upgrade).Stdin)
	require.NoError(t, err)
	_, err = s.Write(t.Context(), host.Text("/root/args.json", 0o600, string(text)))
	require.NoError(t, err)
	s.run(t, "sh", "-c", killedWhenReady)
	cordoned := func() string { return s.kubectl(t, "get", "node", "s1", "-o", "jsonpath={.spec.unschedulable}") }
	require.Equal(t, "true", cordoned())

	next := s.apply(t, upgrade)
	assert.Equal(t, []string{"end the restart of an earlier run: wait until k3s is ready, let pods onto s1 again, and give back the leave to be stopped"}, next.Steps)
	assert.Empty(t, cordoned())
	assert.False(t, s.apply(t, upgrade).Changed)
}
