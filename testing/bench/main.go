// Command bench measures what a task costs with the modules of the collection, beside an empty module in Python, and how large the
// binaries are. It takes the tarball that users install.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/testing/play"
	"github.com/metal-stack/initial-cluster/testing/sshd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	collection := filepath.Join(folder, "ansible_collections/metalstack/initial_cluster")
	if err := install(ctx, collection); err != nil {
		return err
	}
	modules, err := showSizes(ctx, collection)
	if err != nil {
		return err
	}
	for _, name := range []string{"python", "piped"} {
		if err := os.WriteFile(filepath.Join(collection, "plugins/modules", name+".py"), []byte(python), 0o600); err != nil {
			return err
		}
	}
	return showTimes(ctx, folder, modules)
}

// install builds the tarball, and unpacks it as ansible-galaxy does.
func install(ctx context.Context, collection string) error {
	for _, command := range [][]string{{"go", "run", "./testing/collection", "dist"}, {"mkdir", "-p", collection}} {
		if output, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, output)
		}
	}
	tarballs, err := filepath.Glob("dist/*.tar.gz")
	if err != nil || len(tarballs) != 1 {
		return fmt.Errorf("dist holds %q; leave one tarball there (%w)", tarballs, err)
	}
	return exec.CommandContext(ctx, "tar", "--extract", "--file", tarballs[0], "--directory", collection).Run()
}

func showTimes(ctx context.Context, folder string, modules []string) error {
	interpreter, err := filepath.Abs(".cache/venv/bin/python")
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "s"), 0o700); err != nil {
		return err
	}
	server, err := sshd.Start(filepath.Join(folder, "s"))
	if err != nil {
		return err
	}
	defer server.Stop()
	link, err := slowLink(fmt.Sprintf("127.0.0.1:%d", server.Port))
	if err != nil {
		return err
	}
	defer link.Close()
	controller := &play.Controller{Folder: folder, Collections: folder, Python: interpreter}
	return errors.Join(measureAll(ctx, controller, server, link, modules), controller.Disconnect())
}
