// Package cli is k3s' command line.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/configfile"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/controlplane"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/node"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/payload"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/server"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/settings"
	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

const usage = `NAME:
   k3s - Kubernetes, but small and simple

USAGE:
   k3s [global options] command [command options]

COMMANDS:
   server           Run management server
   agent            Run node agent
   kubectl          Run kubectl
   crictl           Run crictl
   ctr              Run ctr
   token            Manage tokens
   etcd-snapshot    Manage etcd snapshots
   secrets-encrypt  Control secrets encryption and keys rotation
   certificate      Manage K3s certificates
   help, h          Shows a list of commands or help for one command
`

// commands by name; each gives the exit code.
var commands = map[string]func(arguments []string) int{
	"server": func(a []string) int { return fatal(runServer(a)) },
	"agent":  func(a []string) int { return fatal(runAgent(a)) },
}

// Run runs what the arguments say, or the program whose name the binary was called by.
func Run(name string, arguments []string) int {
	if program, ok := programs[name]; ok {
		return program(arguments)
	}
	if len(arguments) == 0 || arguments[0] == "help" || arguments[0] == "--help" || arguments[0] == "-h" {
		fmt.Print(usage)
		return 0
	}
	if arguments[0] == "--version" || arguments[0] == "-v" {
		fmt.Print(stamp.Text())
		return 0
	}
	if command, ok := commands[arguments[0]]; ok {
		return command(arguments[1:])
	}
	if program, ok := programs[arguments[0]]; ok {
		return program(arguments[1:])
	}
	fmt.Printf("No help topic for '%s'\n", arguments[0])
	return 3
}

// fatal writes the error as k3s does before it ends.
func fatal(err error) int {
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "time=%q level=fatal msg=%q\n", time.Now().UTC().Format(time.RFC3339), "Error: "+err.Error())
	return 1
}

func runServer(arguments []string) error {
	o, err := read(false, arguments)
	if err != nil {
		return err
	}
	return server.Run(untilSignal(), o, node.RunBeside)
}

func runAgent(arguments []string) error {
	o, err := read(true, arguments)
	if err != nil {
		return err
	}
	return node.RunAgent(untilSignal(), o)
}

// read reads the command line and the config file.
func read(agent bool, arguments []string) (settings.Settings, error) {
	o := settings.Settings{Agent: agent}
	flags := o.Flags()
	if err := parse(flags, arguments, warnUnknown); err != nil {
		return o, err
	}
	if o.Debug {
		logrus.SetLevel(logrus.DebugLevel)
	}
	controlplane.Become(stamp.Version())
	if err := payload.Unpack(o.DataDir); err != nil {
		return o, err
	}
	return o, o.Complete()
}

func warnUnknown(name string) {
	logrus.Warnf("Unknown flag --%s found in config.yaml, skipping", name)
}

// parse reads the arguments and those that the config file gives. Its keys that the flags do not know go to unknown.
func parse(flags *pflag.FlagSet, arguments []string, unknown func(string)) error {
	flags.SetOutput(io.Discard)
	found, err := configfile.Read(configfile.Path(arguments))
	if err != nil {
		return err
	}
	var words []string
	for _, setting := range found {
		words = append(words, setting.Arguments()...)
	}
	err = flags.Parse(settings.Insert(flags, words, arguments, unknown))
	var unknownFlag *pflag.NotExistError
	if errors.As(err, &unknownFlag) {
		return fmt.Errorf("flag provided but not defined: -%s", unknownFlag.GetSpecifiedName())
	}
	return err
}

func untilSignal() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}
