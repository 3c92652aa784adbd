// Lab is the lab that make up starts: Google as far as metal-stack's initial cluster needs it, on loopback, in a process that goes
// on running; the playbook of a deployment option runs against it. All of it lies in one folder, which make down removes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

const usage = `Usage: go run ./testing/lab up [OPTION] | start | down | status

  start   start the lab unless it runs, and no more
  up      start the lab unless it runs, run the playbook of the deployment option (shared, dedicated, autonomous) and show what it made
  down    stop the lab and remove what it made
  status  show the lab and its clusters

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := pflag.NewFlagSet("lab", pflag.ContinueOnError)
	dir := flags.String("dir", ".lab", "folder of the lab")
	operations := flags.Duration("operation-time", 12*time.Second, "how long the lab's GKE takes for a cluster")
	nodes := flags.Int("nodes", 3, "how many machines option autonomous has")
	real := flags.Bool("real-k3s", false, "whether they run k3s itself, which is downloaded, instead of that of the tests")
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage+flags.FlagUsages()) }
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	top, err := repository()
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(*dir)
	if err != nil {
		return err
	}
	l := lab{dir: absolute, top: top, operationTime: *operations}
	if l.option, err = l.lastOption(); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "up":
		if flags.Arg(1) == "autonomous" {
			return l.upAutonomous(ctx, autonomous{*nodes, *real})
		}
		return l.up(ctx, flags.Args()[1:])
	case "start":
		return l.alone(ctx)
	case "down":
		return l.down(ctx)
	case "status":
		return l.status(ctx)
	case "serve":
		return l.serve(ctx)
	default:
		flags.Usage()
		return fmt.Errorf("no command %q; use up, start, down or status", flags.Arg(0))
	}
}

// repository is the folder of the checkout that this is run in.
func repository() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := at; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "galaxy.yml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the checkout: no galaxy.yml in %s or above; run it in the checkout", at)
		}
	}
}
