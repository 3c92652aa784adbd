package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Roles of k3s.
const (
	Server = "server"
	Agent  = "agent"
)

// Name is the name of the service of a role.
func Name(role string) string {
	if role == Server {
		return "k3s"
	}
	return "k3s-agent"
}

// Definition is what a service is to be.
type Definition struct {
	Role   string
	Binary string // path of k3s
}

// State is a service as the init system has it.
type State struct {
	Active  bool   // it has told that it is ready (under OpenRC: it runs)
	Running bool   // a process runs or is about to, ready or not
	Enabled bool   // it starts with the machine
	Run     string // another for each start, empty while it does not run
	Started string // when, in the words of the init system
	Detail  string // for people
}

// System is an init system.
type System interface {
	// Files are those that make the service, without its environment, as they are to be.
	Files(d Definition) []host.File
	// Leftovers are the paths of whatever may belong to the service of a role.
	Leftovers(role string) []string
	// EnvironmentFile is where the variables of a role's service are.
	EnvironmentFile(role string) string
	// Arguments are the words behind the binary in the service as it is installed; found is whether it is.
	Arguments(ctx context.Context, role string) (words []string, found bool, err error)
	// State looks at the service of a role.
	State(ctx context.Context, role string) (State, error)
	// Enable makes the service start with the machine, from its files as they are now. It may be repeated.
	Enable(ctx context.Context, role string) error
	// Disable is the end of that.
	Disable(ctx context.Context, role string) error
	// Reload makes the system take notice of files that are gone.
	Reload(ctx context.Context) error
	// Start starts the service, or starts it anew, and does not wait until it is ready. What it says from then on is in the log.
	Start(ctx context.Context, role string) (Log, error)
	// Follow is the log from now on.
	Follow(ctx context.Context, role string) (Log, error)
	// Stop ends the service, and returns when it has ended. Pods run on.
	Stop(ctx context.Context, role string) error
}

// Log is what a service has said since some time, k3s' own lines first of all.
type Log func(ctx context.Context) (lines []string, err error)

// Find tells which init system the host has.
func Find(ctx context.Context, h host.Host) (System, error) {
	if there, err := exists(ctx, h, "/run/systemd/system"); there || err != nil {
		return systemd{h}, err
	}
	if there, err := exists(ctx, h, "/sbin/openrc-run"); there || err != nil {
		return openrc{h}, err
	}
	return nil, errors.New("neither systemd nor OpenRC runs here; k3s cannot be a service")
}

func exists(ctx context.Context, h host.Host, name string) (bool, error) {
	_, err := h.Stat(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// readIfThere gives the text of a file, or nothing.
func readIfThere(ctx context.Context, h host.Host, name string) (string, bool, error) {
	text, err := host.ReadText(ctx, h, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return text, err == nil, err
}

// words takes a line of a unit or script apart as a shell does, without expanding anything.
func words(line string) ([]string, error) {
	var all []string
	var word strings.Builder
	begun, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			escaped = false
			word.WriteRune(r)
		case r == '\\' && quote != '\'':
			escaped, begun = true, true
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case r == quote && quote != 0:
			quote = 0
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed: %s", strings.TrimSpace(line))
	}
	if begun {
		all = append(all, word.String())
	}
	return all, nil
}

// behind gives the words behind the binary and the role.
func behind(all []string, role string) []string {
	for i, word := range all {
		if path.IsAbs(word) && i+1 < len(all) && all[i+1] == role {
			return all[i+2:]
		}
	}
	return nil
}
