package etcdbackup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"

	"github.com/metal-stack/initial-cluster/internal/etcdbackup/scratch"
	"github.com/metal-stack/initial-cluster/internal/etcdbackup/snapshot"
)

// Examiner does what a damaged snapshot may crash in processes of their own. The program is this one: called with --inspect, --identify,
// --drill or --advance it prints what snapshot.Inspect, snapshot.Identify, scratch.Drill and scratch.Advance give, in JSON.
type Examiner struct{ Program string }

// Self is the running program, also when its file is gone.
const Self = "/proc/self/exe"

func (e Examiner) inspect(ctx context.Context, file string) (facts snapshot.Facts, err error) {
	return facts, e.run(ctx, &facts, "--inspect", "file="+file)
}

// identify reads the database of an etcd that is stopped.
func (e Examiner) identify(ctx context.Context, file string) (facts snapshot.Facts, err error) {
	return facts, e.run(ctx, &facts, "--identify", "file="+file)
}

func (e Examiner) drill(ctx context.Context, file, folder string, compact int64) (result scratch.Result, err error) {
	return result, e.run(ctx, &result, "--drill", "file="+file, "folder="+folder, fmt.Sprintf("compact=%d", compact))
}

func (e Examiner) advance(ctx context.Context, file, folder, to string, bump int64) error {
	var nothing struct{}
	return e.run(ctx, &nothing, "--advance", "file="+file, "folder="+folder, "to="+to, fmt.Sprintf("bump=%d", bump))
}

func (e Examiner) run(ctx context.Context, answer any, arguments ...string) error {
	process := exec.CommandContext(ctx, e.Program, arguments...)
	process.Env = []string{"GOGC=50", "GOMEMLIMIT=100MiB"} // memory is scarcer than time beside an etcd
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out, complaints bytes.Buffer
	process.Stdout, process.Stderr = &out, &complaints
	err := process.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return errors.New(complaint(complaints.String(), arguments[0]))
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return elsewhere{errors.New("the process that reads the snapshot was killed; has this machine memory enough?")}
	case errors.As(err, &exit):
		first, _, _ := strings.Cut(complaints.String(), "\n")
		return fmt.Errorf("snapshot: it crashes what reads it (%s: %s)", exit, first)
	case err != nil:
		return elsewhere{fmt.Errorf("start a process to read the snapshot: %w", err)}
	}
	return json.Unmarshal(out.Bytes(), answer)
}

// complaint is the error without the name of the command, which it begins with.
func complaint(text, command string) string {
	text = strings.TrimSpace(text)
	if _, rest, ok := strings.Cut(text, command+": "); ok {
		return rest
	}
	return text
}
