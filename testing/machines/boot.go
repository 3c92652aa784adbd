package machines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

// boot is one run of a machine, from its power on to its end.
type boot struct {
	nspawn *exec.Cmd
	ended  chan struct{}
}

// bootTimeout bounds a boot, and stopTimeout an orderly end; both usually take a second, and on a busy machine many.
const bootTimeout, stopTimeout = 5 * time.Minute, 5 * time.Minute

// PowerOn boots the machine and returns when one can log in.
func (m *Machine) PowerOn(ctx context.Context) error {
	if m.boot != nil {
		return errors.New("power on: it runs already")
	}
	if err := m.mount(); err != nil {
		return err
	}
	if err := makeCgroups(m.id()); err != nil {
		return err
	}
	if err := m.readdress(ctx); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	return m.up(ctx)
}

// mount puts the machine's disk over the root file system, unless it is there.
func (m *Machine) mount() error {
	points, err := mounts(m.path())
	if err != nil || len(points) > 0 {
		return err
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", m.network.rootfs, m.path("upper"), m.path("work"))
	if err := syscall.Mount("overlay", m.path("root"), "overlay", 0, layers); err != nil {
		return fmt.Errorf("mount its disk: %w; %s must be on a file system that overlayfs can write to, as ext4", err, m.network.dir)
	}
	return nil
}

// start starts systemd-nspawn in the machine's cgroups. A machine whose owner dies is shut down; its rest is for Sweep.
func (m *Machine) start() error {
	console, err := os.OpenFile(m.path("console"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	b := &boot{ended: make(chan struct{})}
	b.nspawn = exec.Command("sh", append([]string{"-c", intoCgroups, "sh", strings.Join(cgroups(m.id()), "\n")}, m.nspawn()...)...)
	b.nspawn.Env = append(os.Environ(), "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1", "SYSTEMD_SECCOMP=0")
	b.nspawn.Stdout, b.nspawn.Stderr = console, console
	b.nspawn.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	started := make(chan error)
	go b.live(started, console)
	if err := <-started; err != nil {
		return fmt.Errorf("boot: %w", err)
	}
	m.boot = b
	return nil
}

const intoCgroups = `for cgroup in $1; do echo $$ >"$cgroup/cgroup.procs" || exit; done; shift; exec "$@"`

// nspawn boots without the outer machine's systemd, which need not run.
func (m *Machine) nspawn() []string {
	return []string{
		"systemd-nspawn", "--quiet", "--directory=" + m.path("root"), "--machine=" + m.id(), "--hostname=" + m.Name, "--register=no", "--keep-unit",
		"--network-namespace-path=/run/netns/" + m.id(), "--capability=all", "--bind=/dev/kmsg", "--console=pipe", "--boot",
	}
}

// live holds the thread that starts the process until that has ended: Linux sends the death signal when the thread ends.
func (b *boot) live(started chan<- error, console *os.File) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(b.ended)
	err := errors.Join(b.nspawn.Start(), console.Close())
	started <- err
	if err == nil {
		_ = b.nspawn.Wait() // how it ended is in ProcessState
	}
}

// up waits until one can log in.
func (m *Machine) up(ctx context.Context) error {
	options := m.Options()
	o := wait.Options{For: "a login at " + m.Address.String(), Timeout: bootTimeout, Interval: 100 * time.Millisecond}
	return wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) {
		select {
		case <-m.boot.ended:
			return false, "", fmt.Errorf("boot: it ended (%s): %s", m.boot.nspawn.ProcessState, m.console())
		default:
		}
		h, err := host.Open(ctx, &options)
		if err != nil {
			return false, err.Error(), nil
		}
		return true, "", h.Close()
	})
}

// console is what the machine said last.
func (m *Machine) console() string {
	content, err := os.ReadFile(m.path("console"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// Stop shuts the machine down in order.
func (m *Machine) Stop(ctx context.Context) error {
	if m.boot == nil {
		return nil
	}
	if err := m.boot.nspawn.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("machine %s: stop: %w", m.Name, err)
	}
	return m.off(ctx)
}

// PowerCut takes the machine's power: nothing more goes out, nothing is ended in order. What it has written and not synced is still there
// afterwards, as the kernel that has it runs on.
func (m *Machine) PowerCut(ctx context.Context) error {
	if m.boot == nil {
		return nil
	}
	if err := m.CablePull(ctx); err != nil {
		return err
	}
	if err := killAll(ctx, m.id()); err != nil {
		return fmt.Errorf("machine %s: power cut: %w", m.Name, err)
	}
	return m.off(ctx)
}

func (m *Machine) off(ctx context.Context) error {
	select {
	case <-m.boot.ended:
		m.boot = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("machine %s: wait for its end: %w", m.Name, context.Cause(ctx))
	case <-time.After(stopTimeout):
		return fmt.Errorf("machine %s: wait for its end: gave up after %s; its console says: %s", m.Name, stopTimeout, m.console())
	}
}
