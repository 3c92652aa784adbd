package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// systemd runs k3s as a unit of Type=notify, as k3s' install script writes it.
type systemd struct{ host.Host }

const unit = `[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%%N
EnvironmentFile=-/etc/sysconfig/%%N
EnvironmentFile=-%[3]s
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=%[1]s %[2]s
`

func unitFile(role string) string { return "/etc/systemd/system/" + Name(role) + ".service" }

func (systemd) EnvironmentFile(role string) string { return unitFile(role) + ".env" }

func (s systemd) Files(d Definition) []host.File {
	return []host.File{host.Text(unitFile(d.Role), 0o644, fmt.Sprintf(unit, d.Binary, d.Role, s.EnvironmentFile(d.Role)))}
}

func (s systemd) Leftovers(role string) []string {
	return []string{unitFile(role), unitFile(role) + ".d", s.EnvironmentFile(role), "/etc/default/" + Name(role), "/etc/sysconfig/" + Name(role)}
}

func (s systemd) Arguments(ctx context.Context, role string) ([]string, bool, error) {
	text, found, err := readIfThere(ctx, s, unitFile(role))
	if !found || err != nil {
		return nil, false, err
	}
	_, line, _ := strings.Cut("\n"+strings.ReplaceAll(text, "\\\n", " "), "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	all, err := words(line)
	if err != nil {
		return nil, true, fmt.Errorf("read %s: %w", unitFile(role), err)
	}
	return behind(all, role), true, nil
}

// State does not take one for active that is to be started anew: a busy systemd has it run on for a while after it has taken the order.
func (s systemd) State(ctx context.Context, role string) (State, error) {
	out, err := s.Run(ctx, host.Words("systemctl", "show", "--property=ActiveState,SubState,Result,NRestarts,InvocationID,ActiveEnterTimestamp,UnitFileState,Job", Name(role)))
	if err != nil {
		return State{}, err
	}
	is := map[string]string{}
	for line := range strings.Lines(out.Stdout) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[key] = value
	}
	active := is["ActiveState"]
	state := State{
		Active: active == "active", Running: active == "active" || active == "activating" || active == "reloading",
		Enabled: is["UnitFileState"] == "enabled", Detail: fmt.Sprintf("%s (%s)", active, is["SubState"]),
	}
	if state.Running {
		state.Run, state.Started = is["InvocationID"], is["ActiveEnterTimestamp"]
	}
	if active == "active" && is["Job"] != "" && is["Job"] != "0" {
		state.Active, state.Detail = false, state.Detail+", and systemd has yet to do what it was told"
	}
	if is["NRestarts"] != "0" && is["NRestarts"] != "" && !state.Active {
		state.Detail += ", started " + is["NRestarts"] + " times again"
	}
	return state, nil
}

func (s systemd) Enable(ctx context.Context, role string) error {
	return s.control(ctx, []string{"daemon-reload"}, []string{"enable", "--quiet", Name(role)})
}

func (s systemd) Disable(ctx context.Context, role string) error {
	return s.control(ctx, []string{"disable", "--quiet", Name(role)})
}

func (s systemd) Reload(ctx context.Context) error { return s.control(ctx, []string{"daemon-reload"}) }

func (s systemd) control(ctx context.Context, calls ...[]string) error {
	for _, call := range calls {
		if _, err := s.Run(ctx, host.Words(append([]string{"systemctl"}, call...)...)); err != nil {
			return err
		}
	}
	return nil
}

func (s systemd) Start(ctx context.Context, role string) (Log, error) {
	log, err := s.Follow(ctx, role)
	if err != nil {
		return nil, err
	}
	return log, s.control(ctx, []string{"daemon-reload"}, []string{"reset-failed", Name(role)}, []string{"restart", "--no-block", Name(role)})
}

func (s systemd) Follow(ctx context.Context, role string) (Log, error) {
	cursor, err := s.cursor(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]string, error) {
		words := []string{"journalctl", "--unit=" + Name(role), "--output=cat", "--no-pager", "--quiet", "--lines=" + keptLines}
		if cursor != "" {
			words = append(words, "--after-cursor="+cursor)
		}
		out, err := s.Run(ctx, host.Words(words...))
		return strings.Split(strings.TrimSpace(out.Stdout), "\n"), err
	}, nil
}

// keptLines is how many of the last lines are read: etcd and Kubernetes write hundreds between two of k3s' own.
const keptLines = "4000"

// cursor is the end of the journal now.
func (s systemd) cursor(ctx context.Context) (string, error) {
	out, err := s.Run(ctx, host.Words("journalctl", "--lines=0", "--show-cursor", "--no-pager", "--quiet"))
	if err != nil {
		return "", err
	}
	_, cursor, _ := strings.Cut(out.Stdout, "-- cursor: ")
	return strings.TrimSpace(cursor), nil
}

func (s systemd) Stop(ctx context.Context, role string) error {
	return s.control(ctx, []string{"stop", Name(role)})
}
