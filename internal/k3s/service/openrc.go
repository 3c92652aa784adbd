package service

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// openrc runs k3s under supervise-daemon, as k3s' install script writes it.
type openrc struct{ host.Host }

const script = `#!/sbin/openrc-run

depend() {
    after network-online
    want cgroups
}

start_pre() {
    modprobe -q br_netfilter || true
    modprobe -q overlay || true
}

supervisor=supervise-daemon
name=%[1]s
command="%[2]s"
command_args="%[3]s >>%[4]s 2>&1"
output_log=%[4]s
error_log=%[4]s
pidfile="/var/run/%[1]s.pid"
respawn_delay=5
respawn_max=0

set -o allexport
if [ -f /etc/environment ]; then . /etc/environment; fi
if [ -f %[5]s ]; then . %[5]s; fi
set +o allexport
`

const rotation = `%[1]s {
	missingok
	notifempty
	copytruncate
}
`

func scriptFile(role string) string { return "/etc/init.d/" + Name(role) }
func logFile(role string) string    { return "/var/log/" + Name(role) + ".log" }
func rotateFile(role string) string { return "/etc/logrotate.d/" + Name(role) }

func (openrc) EnvironmentFile(role string) string { return "/etc/rancher/k3s/" + Name(role) + ".env" }

func (o openrc) Files(d Definition) []host.File {
	return []host.File{
		host.Text(scriptFile(d.Role), 0o755, fmt.Sprintf(script, Name(d.Role), d.Binary, d.Role, logFile(d.Role), o.EnvironmentFile(d.Role))),
		host.Text(rotateFile(d.Role), 0o644, fmt.Sprintf(rotation, logFile(d.Role))),
	}
}

func (o openrc) Leftovers(role string) []string {
	return []string{scriptFile(role), rotateFile(role), o.EnvironmentFile(role), logFile(role)}
}

func (o openrc) Arguments(ctx context.Context, role string) ([]string, bool, error) {
	text, found, err := readIfThere(ctx, o, scriptFile(role))
	if !found || err != nil {
		return nil, false, err
	}
	_, rest, _ := strings.Cut(text, "\ncommand_args=\"")
	arguments, _, _ := strings.Cut(rest, ">>")
	all, err := words(arguments)
	if err != nil {
		return nil, true, fmt.Errorf("read %s: %w", scriptFile(role), err)
	}
	return behind(append([]string{"/k3s"}, all...), role), true, nil
}

func (o openrc) State(ctx context.Context, role string) (State, error) {
	state := State{Detail: "stopped"}
	if there, err := exists(ctx, o, scriptFile(role)); !there || err != nil {
		return state, err
	}
	if _, err := o.Run(ctx, host.Words("rc-service", Name(role), "status")); err == nil {
		state.Active, state.Running, state.Detail = true, true, "started"
	} else if !ended(err) {
		return state, err
	}
	if pid, found, err := readIfThere(ctx, o, "/var/run/"+Name(role)+".pid"); err != nil {
		return state, err
	} else if found && state.Running {
		state.Run = strings.TrimSpace(pid)
		out, err := o.Run(ctx, host.Words("stat", "-c", "%y", "/var/run/"+Name(role)+".pid"))
		if err != nil {
			return state, err
		}
		state.Started = strings.TrimSpace(out.Stdout)
	}
	out, err := o.Run(ctx, host.Words("rc-update", "show", "default"))
	for line := range strings.Lines(out.Stdout) {
		state.Enabled = state.Enabled || strings.TrimSpace(strings.Split(line, "|")[0]) == Name(role)
	}
	return state, err
}

// ended tells that a command ran and says no.
func ended(err error) bool {
	var failed *host.RunError
	return errors.As(err, &failed) && failed.Code < 126
}

func (o openrc) Enable(ctx context.Context, role string) error {
	_, err := o.Run(ctx, host.Words("rc-update", "--quiet", "add", Name(role), "default"))
	return err
}

func (o openrc) Disable(ctx context.Context, role string) error {
	_, err := o.Run(ctx, host.Words("rc-update", "--quiet", "delete", Name(role), "default"))
	if ended(err) { // it is in no runlevel
		return nil
	}
	return err
}

func (openrc) Reload(context.Context) error { return nil }

func (o openrc) Start(ctx context.Context, role string) (Log, error) {
	log, err := o.Follow(ctx, role)
	if err != nil {
		return nil, err
	}
	_, err = o.Run(ctx, host.Words("rc-service", "--quiet", Name(role), "restart"))
	return log, err
}

func (o openrc) Follow(ctx context.Context, role string) (Log, error) {
	begin := int64(0)
	if info, err := o.Stat(ctx, logFile(role)); err == nil {
		begin = info.Size
	}
	return func(ctx context.Context) ([]string, error) {
		out, err := o.Run(ctx, host.Words("tail", "-c", "+"+strconv.FormatInt(begin+1, 10), logFile(role)))
		return strings.Split(strings.TrimSpace(out.Stdout), "\n"), err
	}, nil
}

func (o openrc) Stop(ctx context.Context, role string) error {
	_, err := o.Run(ctx, host.Words("rc-service", "--quiet", "--ifstarted", Name(role), "stop"))
	return err
}
