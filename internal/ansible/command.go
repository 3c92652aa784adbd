package ansible

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Command is something else that a module's program does for other programs than Ansible, when it is called with a flag of the
// command's name. Its options are given as arguments OPTION=VALUE and are converted as Ansible would; the environment gives none.
type Command struct {
	name    string
	usage   string
	options []Option
	answer  func(ctx context.Context, params *Object) (any, error)
}

// NewCommand makes a command. What its function gives is printed, a text as it is and all else as JSON; an error is printed on standard
// error, and the exit code is 1. Secrets are censored; they may be in a file only: everybody on the host can read arguments.
func NewCommand[P any](name, usage string, options []Option, run func(ctx context.Context, in P) (any, error)) Command {
	return Command{name: name, usage: usage, options: options, answer: func(ctx context.Context, params *Object) (any, error) {
		var in P
		if err := decode(params, &in); err != nil {
			return nil, err
		}
		return run(ctx, in)
	}}
}

// addTo gives the command its flag.
func (c Command) addTo(flags *pflag.FlagSet) (asked *bool) { return flags.Bool(c.name, false, c.usage) }

// command does a command, and prints what comes of it.
func (p process) command(spec Spec, c Command, arguments []string) (code int) {
	secrets := &concealed{}
	answer, err := c.run(context.WithValue(context.Background(), concealKey{}, secrets), secrets, arguments)
	text, plain := answer.(string)
	if err == nil && !plain {
		var encoded []byte
		encoded, err = json.Marshal(answer)
		text = string(encoded)
	}
	if err != nil {
		return p.tell(p.stderr, 1, "%s --%s: %s\n", spec.Name, c.name, secrets.censor().text(err.Error()))
	}
	return p.tell(p.stdout, 0, "%s\n", secrets.censor().text(text))
}

func (c Command) run(ctx context.Context, secrets *concealed, arguments []string) (any, error) {
	params, err := argued(arguments)
	if err != nil {
		return nil, err
	}
	valid := Spec{Options: c.options}.Validate(params, func(string) (string, bool) { return "", false })
	secrets.add(valid.NoLogValues...)
	secrets.addPasswords(valid.Params)
	if len(valid.Errors) == 0 {
		return c.answer(ctx, valid.Params)
	}
	problems := valid.Errors
	if last := len(problems) - 1; valid.Unsupported {
		problems[last] = "Unsupported options: " + problems[last]
	}
	return nil, errors.New(joinProblems(problems))
}

// argued reads arguments.
func argued(arguments []string) (*Object, error) {
	params := NewObject()
	for _, argument := range arguments {
		name, value, found := strings.Cut(argument, "=")
		file, isFile := strings.CutPrefix(argument, "@")
		switch {
		case isFile:
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read options: %w", err)
			}
			in, err := parseInput(file, string(text))
			if err != nil {
				return nil, err
			}
			for name, value := range in.params.All() {
				params.Set(name, value)
			}
		case !found || params.Has(name):
			return nil, fmt.Errorf("argument %q: arguments are of the form OPTION=VALUE, each option once", argument)
		default:
			params.Set(name, value)
		}
	}
	return params, nil
}
