package kubetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end by itself.
const stopGrace = 5 * time.Second

// process is one server of a cluster.
type process struct {
	name, log string
	command   *exec.Cmd
	done      chan struct{}
}

// start runs a server; its output goes to NAME.log, which begins anew.
func (c *Cluster) start(name string, arguments []string) error {
	p := &process{name: name, log: filepath.Join(c.dir(), name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return err
	}
	p.command = exec.Command(filepath.Join(c.dir(), "bin", name), arguments...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.Dir = c.dir()
	p.command.Env = append(os.Environ(), "KUBE_VERSION="+c.options.Version)
	// The terminal's Ctrl-C is for this process, which stops the others in their order.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go p.live(started, log)
	if err := <-started; err != nil {
		return err
	}
	c.processes = append(c.processes, p)
	return nil
}

// live holds the thread that starts the process until it has ended: Linux sends the death signal when the thread ends, not when the
// process does.
func (p *process) live(started chan<- error, log *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := errors.Join(p.command.Start(), log.Close())
	started <- err
	if err == nil {
		// How it ended is in ProcessState; failure tells it.
		_ = p.command.Wait()
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// failure tells why a process has ended that should not have.
func (p *process) failure() error {
	return fmt.Errorf("%s ended (%s): %s; the rest is in %s", p.name, p.command.ProcessState, lastLines(p.log, 3), p.log)
}

func lastLines(path string, count int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], " | ")
}

func (p *process) stop() error {
	if p.ended() {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !p.ended() {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
	}
	if err := p.command.Process.Kill(); err != nil && !p.ended() {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.done
	return nil
}
