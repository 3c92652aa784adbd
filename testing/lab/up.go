package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func (l lab) up(ctx context.Context, arguments []string) error {
	name := options[0].name
	if len(arguments) > 0 {
		name = strings.Join(arguments, " ")
	}
	var err error
	if l.option, err = parseOption(name); err != nil {
		return err
	}
	if _, found, err := l.lastAutonomous(); found || err != nil {
		return errors.Join(err, errors.New("the lab runs for something else; make down first"))
	}
	begin := time.Now()
	lock, err := l.exclusive()
	if err != nil {
		return err
	}
	defer lock.Close()
	a, err := l.prepare(ctx)
	if err != nil {
		return err
	}
	if err := l.play(ctx, a); err != nil {
		return err
	}
	return l.show(ctx, a, begin)
}

// alone starts the lab without a playbook.
func (l lab) alone(ctx context.Context) error {
	lock, err := l.exclusive()
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := l.prepare(ctx); err != nil {
		return err
	}
	fmt.Printf("For a shell that is to use it: . %s\n", l.shown(l.path("environment")))
	return nil
}

// exclusive keeps a second make up out until the lock is closed.
func (l lab) exclusive() (*os.File, error) {
	lock, err := l.lock("up.lock")
	if errors.As(err, &errLocked{}) {
		return nil, fmt.Errorf("make up: %w; wait for it", err)
	}
	return lock, err
}

// prepare starts the lab, unless it runs, and writes what a playbook needs to use it.
func (l lab) prepare(ctx context.Context) (addresses, error) {
	if _, err := os.Stat(l.kube()); err != nil {
		return addresses{}, fmt.Errorf("%w; make kube builds it", err)
	}
	begin := time.Now()
	if err := l.start(ctx); err != nil {
		return addresses{}, err
	}
	a, err := l.addresses()
	if err != nil {
		return a, err
	}
	if err := l.write(a); err != nil {
		return a, err
	}
	fmt.Printf("lab: Google is at %s, GKE at %s, the registry at %s, %s\n\n", a.Google, a.GKE, a.Registry, time.Since(begin).Round(100*time.Millisecond))
	return a, nil
}

// play runs the playbook, which tells its progress itself.
func (l lab) play(ctx context.Context, a addresses) error {
	file := filepath.Join("playbooks", l.option.name+".yml")
	command := exec.CommandContext(ctx, filepath.Join(l.top, ".cache/venv/bin/ansible-playbook"), file)
	// Ctrl-C at a terminal reaches Ansible by itself; it ends what it runs and tells so.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	command.Dir, command.Env = l.top, l.environment(a)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	fmt.Printf("$ ansible-playbook -i %s %s\n", l.shown(l.path("inventory")), file)
	if err := command.Run(); err != nil {
		return fmt.Errorf("ansible-playbook %s: %w; what failed stands above, and the lab goes on running: make up again, or make down", file, err)
	}
	return nil
}
