package service

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/golden"
)

func TestTheFilesOfServices(t *testing.T) {
	t.Parallel()
	for name, system := range map[string]System{"systemd": systemd{}, "openrc": openrc{}} {
		for _, role := range []string{Server, Agent} {
			var text strings.Builder
			for _, f := range system.Files(Definition{Role: role, Binary: "/usr/local/bin/k3s"}) {
				content, err := io.ReadAll(f.Content)
				require.NoError(t, err)
				text.WriteString("# " + f.Path + " " + f.Mode.String() + "\n" + string(content))
			}
			golden.Text(t, name+"_"+role+".golden", text.String())
		}
	}
}

// shows is a host whose systemctl tells this of a unit.
type shows struct {
	host.Host
	properties string
}

func (s shows) Run(context.Context, host.Command) (host.Output, error) {
	return host.Output{Stdout: s.properties}, nil
}

// Under load systemd has told of 13 of 20 units, right after it had taken the order to restart them, that they are active still.
func TestAUnitIsActiveWhenSystemdHasDoneWhatItWasTold(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]State{
		"ActiveState=active\nSubState=running\nInvocationID=a\nNRestarts=0\nJob=\n":          {Active: true, Running: true, Run: "a", Detail: "active (running)"},
		"ActiveState=active\nSubState=running\nInvocationID=a\nNRestarts=0\nJob=137\n":       {Running: true, Run: "a", Detail: "active (running), and systemd has yet to do what it was told"},
		"ActiveState=activating\nSubState=start\nInvocationID=b\nNRestarts=0\nJob=137\n":     {Running: true, Run: "b", Detail: "activating (start)"},
		"ActiveState=activating\nSubState=auto-restart\nInvocationID=b\nNRestarts=2\nJob=\n": {Running: true, Run: "b", Detail: "activating (auto-restart), started 2 times again"},
	} {
		state, err := systemd{shows{properties: properties}}.State(t.Context(), Server)
		require.NoError(t, err)
		assert.Equal(t, want, state)
	}
}
