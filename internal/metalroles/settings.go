package metalroles

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/controlplane"
)

// Settings are the variables that somebody has set, and what holds for the others.
type Settings struct {
	given    map[string]any
	table    map[string]Variable
	problems []string
}

// New takes variables by their names. A null is as good as none.
func New(given map[string]any) *Settings {
	s := &Settings{given: map[string]any{}, table: byName()}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v, known := s.table[name]
		if given[name] == nil || slices.Contains(foreign, name) {
			continue
		}
		if !known {
			s.problem("%s: %s", name, unknown(name))
			continue
		}
		value, err := v.convert(given[name])
		if err != nil {
			s.problem("%v", err)
			continue
		}
		s.given[name] = value
	}
	return s
}

func (s *Settings) problem(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(s.problems, text) {
		s.problems = append(s.problems, text)
	}
}

// set tells that somebody has set the variable, to something.
func (s *Settings) set(name string) bool {
	value, ok := s.given[name]
	return ok && value != ""
}

// get gives the variable's value, or what holds without.
func (s *Settings) get(name string) any {
	v, known := s.table[name]
	value, given := s.given[name]
	switch {
	case !known:
		panic("metalroles: no variable " + name)
	case given:
		return value
	case v.computed != nil:
		return v.computed(s)
	}
	text, ok := v.Default.(string)
	if !ok || !strings.Contains(text, "${") {
		return v.Default
	}
	if strings.Count(text, "$") == 1 && strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") {
		return s.get(text[2 : len(text)-1])
	}
	return os.Expand(text, s.text)
}

func (s *Settings) text(name string) string {
	value := s.get(name)
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func (s *Settings) bool(name string) bool {
	value, _ := s.get(name).(bool)
	return value
}

func (s *Settings) list(name string) []any {
	value, _ := s.get(name).([]any)
	return value
}

func (s *Settings) dict(name string) map[string]any {
	value, _ := s.get(name).(map[string]any)
	return value
}

// values are those that variables become by themselves.
func (s *Settings) values(variables []Variable) map[string]any {
	values := map[string]any{}
	for _, v := range variables {
		if value := s.get(v.Name); v.Path != "" && value != nil {
			controlplane.Set(values, v.Path, value)
		}
	}
	return values
}

// require notes which of the variables have no value, or one that everybody knows.
func (s *Settings) require(why string, names ...string) {
	for _, name := range names {
		value := s.text(name)
		switch name = s.origin(name); {
		case value == "":
			s.problem("%s is missing; %s", name, why)
		case controlplane.Placeholder(value) && !s.bool("metal_control_plane_allow_placeholders"):
			s.problem("%s has the value that everybody knows; set a secret, or metal_control_plane_allow_placeholders for a laboratory", name)
		}
	}
}

// origin is the variable that tells the value of another one, which nobody has set.
func (s *Settings) origin(name string) string {
	text, _ := s.table[name].Default.(string)
	if only := strings.TrimSuffix(strings.TrimPrefix(text, "${"), "}"); !s.set(name) && "${"+only+"}" == text {
		return s.origin(only)
	}
	return name
}

// Problems are what is wrong with the variables, by their names.
func (s *Settings) Problems() []string { return s.problems }
