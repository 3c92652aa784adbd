package service

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

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
			golden := filepath.Join("testdata", name+"_"+role+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run the test with -update to write it")
			assert.Equal(t, string(want), text.String())
		}
	}
}
