package ansible

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
)

// failure is the smallest result of a module that could not do its work.
func failure(msg string) *Object {
	o := NewObject()
	o.Set("changed", false)
	o.Set("failed", true)
	o.Set("msg", msg)
	return o
}

// report puts a module's result into Ansible's form.
func (in input) report(result Result, err error) *Object {
	o := NewObject()
	o.Set("changed", result.Changed)
	o.Set("failed", err != nil)
	if err != nil {
		o.Set("msg", oneLine(err.Error()))
	} else if result.Msg != "" {
		o.Set("msg", oneLine(result.Msg))
	}
	if result.Steps != nil {
		o.Set("steps", toPython(result.Steps))
	}
	if in.mode.Diff && len(result.Diff) > 0 {
		o.Set("diff", toPython(result.Diff))
	}
	if len(result.Facts) > 0 {
		o.Set("ansible_facts", toPython(result.Facts))
	}
	if warnings := append(result.Warnings, setValues(o, result.Values)...); len(warnings) > 0 {
		o.Set("warnings", toPython(warnings))
	}
	var panicked *panicError
	if errors.As(err, &panicked) && in.wantsTraces {
		o.Set("exception", string(panicked.stack))
	}
	return o
}

// protocols are the names at the top of a result that mean something to Ansible. Results of a list crash Ansible, for one.
var protocols = []string{
	"changed", "failed", "msg", "steps", "diff", "warnings", "deprecations", "ansible_facts", "exception", "invocation", "errors",
	"results", "skipped", "add_host", "add_group", "__ansible_type",
}

// setValues puts a module's own values beside those of the protocol. A name that is not free is a defect of the module.
func setValues(o *Object, values map[string]any) (warnings []string) {
	for _, name := range sortedNames(values) {
		if slices.Contains(protocols, name) || strings.HasPrefix(name, "_ansible_") {
			warnings = append(warnings, "the value "+name+" is left out of the result: the name has a meaning to Ansible; this is a defect of the module, please report it")
			continue
		}
		o.Set(name, toPython(values[name]))
	}
	return warnings
}

// oneLine keeps messages to one line, as callbacks and people read them.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// complete adds what the protocol itself has to say.
func (in input) complete(reply *Object, valid Validated) {
	if len(valid.Warnings) > 0 {
		warnings, _ := reply.Get("warnings").([]any)
		reply.Set("warnings", append(toPython(valid.Warnings).([]any), warnings...))
	}
	if len(valid.Deprecations) > 0 {
		reply.Set("deprecations", deprecationList(valid.Deprecations))
	}
	if in.invocation || !in.atLeast(2, 21) {
		invocation := NewObject()
		invocation.Set("module_args", valid.Params)
		reply.Set("invocation", invocation)
	}
}

func deprecationList(deprecations []Deprecation) []any {
	list := []any{}
	for _, d := range deprecations {
		o := NewObject()
		o.Set("msg", d.Msg)
		if d.Date != nil {
			o.Set("date", d.Date)
		} else {
			o.Set("version", d.Version)
		}
		o.Set("collection_name", d.Collection)
		list = append(list, o)
	}
	return list
}

// print writes the result, censored, as one line of ASCII after a line end. It gives the exit status; a reader that is gone
// is no reason to complain, there is nobody to complain to.
func (p process) print(reply *Object, secrets *concealed) int {
	code := 0
	if reply.Get("failed") == true {
		code = 1
	}
	text := FormatJSON(presentable(secrets.censor().value(reply)))
	if p.tell(p.stdout, code, "\n%s\n", text) != code {
		return 1
	}
	return code
}

// presentable replaces what Ansible can't read back: numbers that are none or have too many digits, texts that are not Unicode, and the key by which it
// marks types of its own.
func presentable(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return pyStr(v)
		}
	case *big.Int:
		if !prints(v) {
			return pyStr(v)
		}
	case string:
		return strings.ToValidUTF8(v, "\uFFFD")
	case pyBytes:
		return presentable(decodeBytes(v))
	case []any, pyTuple, pySet:
		elements := elementsOf(v)
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = presentable(element)
		}
		return list
	case *Object:
		o := NewObject()
		for key, element := range v.All() {
			name := strings.ToValidUTF8(jsonKey(key), "\uFFFD")
			if name == "__ansible_type" {
				name = "ansible_type"
			}
			o.Set(name, presentable(element))
		}
		return o
	}
	return value
}
