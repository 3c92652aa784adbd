package k3s

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// Version is that of the k3s on this machine, or empty if there is none that tells.
func Version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	program, err := exec.LookPath("k3s")
	if err != nil {
		program = "/usr/local/bin/k3s" // where its installer puts it, which is not in everybody's PATH
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	fields := strings.Fields(string(out)) // k3s version v1.36.3+k3s1 (hash)
	if err != nil || len(fields) < 3 {
		return ""
	}
	return fields[2]
}
