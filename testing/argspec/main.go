// Command argspec shows what the module protocol makes of arguments, for comparison with Ansible's own code: JSON lines in, JSON
// lines out. A line {"spec": {"argument_spec": {...}, "mutually_exclusive": [...], ...}, "args": {...}, "env": {...}} is answered
// with what ArgumentSpecValidator gives, a line {"no_log_values": [...], "input": ...} with the censored value. A line that can't
// be read is answered with {"error": "..."}.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "argspec:", err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	reader, writer := bufio.NewReader(in), bufio.NewWriter(out)
	for {
		line, err := reader.ReadString('\n')
		if len(line) > 0 && line != "\n" {
			if _, err := fmt.Fprintln(writer, ansible.FormatJSON(answer(line))); err != nil {
				return err
			}
		}
		if reader.Buffered() == 0 || err != nil { // whoever waits for an answer before the next question gets it
			if err := writer.Flush(); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func answer(line string) *ansible.Object {
	value, err := ansible.ParseJSON(line)
	if err != nil {
		return object("error", "not a JSON line: "+err.Error())
	}
	question, ok := value.(*ansible.Object)
	if !ok {
		return object("error", "a line must be a JSON object")
	}
	if question.Has("no_log_values") {
		return object("output", ansible.Censor(question.Get("input"), texts(question.Get("no_log_values"))))
	}
	spec, ok := question.Get("spec").(*ansible.Object)
	if !ok {
		return object("error", `the line has neither "spec" nor "no_log_values"`)
	}
	parsed, err := parseSpec(spec)
	if err != nil {
		return object("error", err.Error())
	}
	args, ok := question.Get("args").(*ansible.Object)
	if !ok {
		return object("error", `"args" must be an object`)
	}
	return validated(parsed.Validate(args, environment(question.Get("env"))))
}

// environment is the process's own, under what the line sets.
func environment(line any) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if set, ok := line.(*ansible.Object); ok {
			if value, ok := set.Lookup(name); ok {
				return plain(value), true
			}
		}
		return os.LookupEnv(name)
	}
}

func validated(v ansible.Validated) *ansible.Object {
	if len(v.Errors) > 0 {
		return object("ok", false, "error_messages", anys(v.Errors))
	}
	deprecations := []any{}
	for _, d := range v.Deprecations {
		o := object("msg", d.Msg)
		if d.OfAlias || d.Version != nil {
			o.Set("version", d.Version)
		}
		if d.OfAlias || d.Date != nil {
			o.Set("date", d.Date)
		}
		o.Set("collection_name", d.Collection)
		deprecations = append(deprecations, o)
	}
	return object("ok", true, "params", v.Params, "warnings", anys(v.Warnings), "deprecations", deprecations, "no_log_values", anys(v.NoLogValues))
}

func object(keysAndValues ...any) *ansible.Object {
	o := ansible.NewObject()
	for i := 0; i < len(keysAndValues); i += 2 {
		o.Set(keysAndValues[i], keysAndValues[i+1])
	}
	return o
}

func anys(texts []string) []any {
	list := []any{}
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}
