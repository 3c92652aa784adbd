package service

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
