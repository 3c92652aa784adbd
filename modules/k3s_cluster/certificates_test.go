package main

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/k3s/cluster"
)

// interrupted is a machine with systemd, on which a run is interrupted by its own command of the words.
type interrupted struct {
	host.Host
	by  string
	end context.CancelFunc
	ran []string
}

func (i *interrupted) Stat(context.Context, string) (host.Info, error) {
	return host.Info{Mode: fs.ModeDir}, nil
}

func (i *interrupted) Run(ctx context.Context, c host.Command) (host.Output, error) {
	words := strings.Join(c.Words, " ")
	if strings.Contains(words, i.by) {
		i.end()
	}
	if err := ctx.Err(); err != nil {
		return host.Output{}, err
	}
	i.ran = append(i.ran, words)
	return host.Output{}, nil
}

func TestAServerIsStartedAgainWhereItsRotationIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"systemctl stop k3s", "certificate rotate"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			ctx, end := context.WithCancel(t.Context())
			machine := &interrupted{by: by, end: end}
			run := task{params: params{Node: "s1", Timeout: 60, DataDir: "/data", BinDir: "/bin"}, host: machine}
			assert.ErrorIs(t, run.renew(ctx, &cluster.Turn{None: true}), context.Canceled)
			assert.Contains(t, machine.ran, "systemctl restart --no-block k3s")
		})
	}
}
