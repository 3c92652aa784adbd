// Command collection builds the modules' binaries into the checkout ("build"), and the tarballs that ansible-galaxy installs
// ("dist"). What they hold is said in galaxy.yml.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "collection: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) > 1 && args[0] == "build":
		return buildInto(ctx, ".", args[1:])
	case len(args) == 1 && args[0] == "dist":
		built, err := buildTarballs(ctx, "dist")
		if err != nil {
			return err
		}
		return errors.Join(built.release.describe(os.Stdout), built.galaxy.describe(os.Stdout))
	}
	return fmt.Errorf("called with %q; go run ./testing/collection build PLATFORM... | dist, in the top folder of the repository", args)
}
