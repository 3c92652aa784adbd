package sweep

import (
	"context"
	_ "embed"
	"path"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

//go:embed sweep.sh
var script string

// Look tells what k3s has left on the machine whose data is in a folder, a line for each thing. It changes nothing.
func Look(ctx context.Context, h host.Host, dataDir string) ([]string, error) {
	return run(ctx, h, "look", dataDir)
}

// Away ends it and takes it away. k3s itself must have been stopped. It may be repeated.
func Away(ctx context.Context, h host.Host, dataDir string) error {
	_, err := run(ctx, h, "sweep", dataDir)
	return err
}

// Yield lets other machines have the addresses that this one keeps for the cluster, before its API ends. The kubelet starts again what kept them.
func Yield(ctx context.Context, h host.Host) error {
	_, err := run(ctx, h, "yield", "")
	return err
}

func run(ctx context.Context, h host.Host, act, dataDir string) ([]string, error) {
	out, err := h.Run(ctx, host.Command{Words: []string{"sh", "-s", "--", act, dataDir}, Stdin: strings.NewReader(script)})
	var found []string
	for line := range strings.Lines(out.Stdout) {
		found = append(found, strings.TrimSpace(line))
	}
	return found, err
}

// Mounts are the mount points at the folder and below it.
func Mounts(ctx context.Context, h host.Host, folder string) ([]string, error) {
	text, err := host.ReadText(ctx, h, "/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4])
		if point == folder || strings.HasPrefix(point, path.Clean(folder)+"/") {
			found = append(found, point)
		}
	}
	return found, nil
}
