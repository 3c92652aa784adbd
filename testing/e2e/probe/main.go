// Command probe is an Ansible module for the tests: it does what they ask for, and tells what it sees.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

var spec = ansible.Spec{
	Name:             "probe",
	ShortDescription: "Do what a test asks for",
	Options: []ansible.Option{
		{Name: "path", Type: ansible.Path},
		{Name: "content", Default: ""},
		{Name: "secret", NoLog: ansible.Secret},
		{Name: "states", Type: ansible.List, Elements: ansible.Str, Default: []any{}},
		{Name: "crash", Choices: []any{"panic", "goroutine"}},
		{Name: "anything", Type: ansible.Raw},
	},
}

type params struct {
	Path     string   `ansible:"path"`
	Content  string   `ansible:"content"`
	Secret   string   `ansible:"secret"`
	States   []string `ansible:"states"`
	Crash    string   `ansible:"crash"`
	Anything any      `ansible:"anything"`
}

func main() { ansible.Main(spec, run) }

func run(ctx context.Context, in params, mode ansible.Mode) (ansible.Result, error) {
	switch in.Crash {
	case "panic":
		panic("asked for")
	case "goroutine": // which nothing can catch
		go func() { panic("asked for") }()
		select {}
	}
	result := ansible.Result{Values: map[string]any{"seen": map[string]any{
		"uid": os.Getuid(), "environment": os.Getenv("PROBE"), "secret": in.Secret, "anything": in.Anything, "check": mode.Check, "diff": mode.Diff,
	}}}
	if len(in.States) > 0 {
		return result, in.pass(ctx)
	}
	if in.Path == "" {
		return result, nil
	}
	return in.write(result, mode)
}

// write gives the file its content.
func (in params) write(result ansible.Result, mode ansible.Mode) (ansible.Result, error) {
	found, err := os.ReadFile(in.Path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return result, err
	}
	result.Changed = string(found) != in.Content
	result.Diff = []ansible.Diff{{Before: string(found), After: in.Content}}
	if !result.Changed || mode.Check {
		return result, nil
	}
	return result, os.WriteFile(in.Path, []byte(in.Content), 0o600)
}

// pass leaves its process number in PATH, and is in one state after the other, each until PATH.STATE is there.
func (in params) pass(ctx context.Context) error {
	if err := os.WriteFile(in.Path, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	for _, state := range in.States {
		err := wait.Until(ctx, wait.Options{For: state, Interval: 20 * time.Millisecond}, func(context.Context) (bool, string, error) {
			_, err := os.Stat(fmt.Sprintf("%s.%s", in.Path, state))
			return err == nil, state + " with " + in.Secret, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
