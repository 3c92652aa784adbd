package ansible

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"strings"
	"time"
)

// input is what Ansible sends: the module's arguments, and its own words on how to run.
type input struct {
	params       *Object
	mode         Mode
	moduleName   string // as the task wrote it
	version      string // of ansible-core
	ignoreExtras bool   // unsupported options are no error
	invocation   bool   // whether 2.21 and later want the invocation back
	wantsTraces  bool
	environment  map[string]string // of the task, from the collection's action plugin
}

// read takes the arguments from a file, or for "-" from standard input, unless the context ends before they have come.
func (p process) read(ctx context.Context, path string) (input, error) {
	type outcome struct {
		text []byte
		err  error
	}
	read := make(chan outcome, 1)
	go func() {
		var o outcome
		if path == "-" {
			o.text, o.err = io.ReadAll(p.stdin)
		} else {
			o.text, o.err = os.ReadFile(path)
		}
		read <- o
	}()
	select {
	case o := <-read:
		if o.err != nil {
			return input{}, fmt.Errorf("read the arguments: %w", o.err)
		}
		return parseInput(path, string(o.text))
	case <-ctx.Done():
		return input{}, fmt.Errorf("read the arguments: interrupted by %w; nothing was done", context.Cause(ctx))
	}
}

func parseInput(path, text string) (input, error) {
	if path == "-" {
		path = "standard input"
	}
	value, err := ParseJSON(text)
	if err != nil {
		return input{}, fmt.Errorf("read the arguments: %s: %w; a JSON object is wanted", path, err)
	}
	params, ok := value.(*Object)
	if !ok {
		return input{}, fmt.Errorf("read the arguments: %s: is a %s; a JSON object is wanted", path, typeName(value))
	}
	return splitInput(params), nil
}

// splitInput takes out the keys that begin with _ansible_. All of them are Ansible's: each version has others.
func splitInput(all *Object) input {
	in := input{params: NewObject()}
	own := NewObject()
	for key, value := range all.All() {
		if name, ok := key.(string); ok && strings.HasPrefix(name, "_ansible_") {
			own.Set(strings.TrimPrefix(name, "_ansible_"), value)
			continue
		}
		in.params.Set(key, value)
	}
	flag := func(name string) bool {
		on, err := toBool(own.Get(name))
		return err == nil && on == true
	}
	verbosity, _ := own.Get("verbosity").(*big.Int)
	if verbosity == nil {
		verbosity = new(big.Int)
	}
	in.mode = Mode{Check: flag("check_mode"), Diff: flag("diff"), Verbosity: int(verbosity.Int64())}
	if sent, ok := own.Get("sent_ms").(*big.Int); ok {
		in.mode.Sent = time.UnixMilli(sent.Int64())
	}
	in.moduleName, _ = own.Get("module_name").(string)
	in.version, _ = own.Get("version").(string)
	in.ignoreExtras = flag("ignore_unknown_opts")
	in.invocation = flag("inject_invocation")
	in.environment = texts(own.Get("environment"))
	traces, _ := own.Get("tracebacks_for").([]any)
	in.wantsTraces = contains(traces, "error") || !in.atLeast(2, 19) && (in.mode.Verbosity >= 3 || flag("debug"))
	return in
}

// texts gives the texts of an object.
func texts(value any) map[string]string {
	found := map[string]string{}
	if o, ok := value.(*Object); ok {
		for name, text := range o.All() {
			found[pyStr(name)] = pyStr(text)
		}
	}
	return found
}

// setEnvironment gives the process the environment of the task. It comes with the arguments because, unlike a command line, nobody
// else on the host can read those.
func (in input) setEnvironment() error {
	for name, value := range in.environment {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set the task's environment: %q: %w", name, err)
		}
	}
	return nil
}

// atLeast compares the version of ansible-core, which is empty if the module is called by hand.
func (in input) atLeast(major, minor int) bool {
	first, rest, _ := strings.Cut(in.version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(first)
	if err != nil {
		return false
	}
	b, err := strconv.Atoi(second)
	if err != nil {
		return false
	}
	return a > major || a == major && b >= minor
}

// fatal gives the problems with the arguments, in AnsibleModule's words.
func (in input) fatal(spec Spec, valid Validated) []string {
	problems := append([]string{}, valid.Errors...)
	if !valid.Unsupported {
		return problems
	}
	last := len(problems) - 1
	if in.ignoreExtras {
		return problems[:last]
	}
	name := in.moduleName
	if name == "" {
		name = spec.Name
	}
	problems[last] = fmt.Sprintf("Unsupported parameters for (%s) module: %s", name, problems[last])
	return problems
}

// joinProblems makes one line of all problems.
func joinProblems(problems []string) string {
	last := len(problems) - 1
	var b strings.Builder
	for _, problem := range problems[:last] {
		b.WriteString(strings.TrimSuffix(problem, ".") + "; ")
	}
	return b.String() + problems[last]
}
