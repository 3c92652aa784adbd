// Command docs writes the documentation below plugins/modules from the modules' specifications, as each module itself prints it, what puts
// the modules behind the action plugin, and the
// tables of variables in the roles' READMEs from the roles' argument specs.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/internal/ansible"
	"github.com/metal-stack/initial-cluster/testing/moduledoc"
	"github.com/metal-stack/initial-cluster/testing/roledoc"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "docs: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	mains, err := filepath.Glob("modules/*/main.go")
	if err != nil {
		return err
	}
	if mains == nil {
		return errors.New("there is no modules/*/main.go; run it in the top folder of the repository")
	}
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		if err := document(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	made, err := roledoc.Make(".")
	for _, file := range made {
		fmt.Println(file)
	}
	if err != nil {
		return err
	}
	return tables()
}

func tables() error {
	roles, err := filepath.Glob("roles/*")
	if err != nil {
		return err
	}
	for _, role := range roles {
		text, _, err := roledoc.Readme(role)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(role, "README.md"), text); err != nil {
			return err
		}
	}
	return nil
}

func document(ctx context.Context, name string) error {
	described, err := describe(ctx, name)
	if err != nil {
		return err
	}
	text, err := moduledoc.Stub(described)
	if err != nil {
		return err
	}
	return errors.Join(write("plugins/modules/"+name+".py", text), write("plugins/action/"+name+".py", moduledoc.Action))
}

// write writes a file if that changes it, and says so.
func write(file, text string) error {
	if old, err := os.ReadFile(file); err == nil && string(old) == text {
		return nil
	}
	fmt.Println(file)
	return os.WriteFile(file, []byte(text), 0o644)
}

func describe(ctx context.Context, name string) (*ansible.Object, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./modules/"+name, "--spec")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	value, err := ansible.ParseJSON(out.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	described, ok := value.(*ansible.Object)
	if !ok {
		return nil, fmt.Errorf("%s: printed no JSON object", cmd)
	}
	return described, nil
}
