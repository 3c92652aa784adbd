package controlplane

import (
	"fmt"
	"slices"
	"strings"
)

// graphProblems are dependencies on what there is not, and those that lead in a circle.
func graphProblems(components []Component) []string {
	byName := map[string]Component{}
	var problems []string
	for _, c := range components {
		if _, twice := byName[c.Name]; twice {
			problems = append(problems, c.Name+": is there twice; a component's name is its own")
		}
		byName[c.Name] = c
	}
	for _, c := range components {
		for _, need := range c.DependsOn {
			if _, ok := byName[need]; !ok {
				problems = append(problems, fmt.Sprintf("%s: depends_on names %s, which is no component; it must be one of %s", c.Name, need, names(components)))
			}
		}
	}
	if circle := circle(components, byName); circle != nil {
		problems = append(problems, fmt.Sprintf("depends_on leads in a circle: %s; take one of these dependencies out", strings.Join(circle, " needs ")))
	}
	return problems
}

func names(components []Component) string {
	var all []string
	for _, c := range components {
		all = append(all, c.Name)
	}
	return strings.Join(all, ", ")
}

// circle gives the names along one, its first name also at the end, or nil.
func circle(components []Component, byName map[string]Component) []string {
	clear := map[string]bool{}
	var visit func(name string, path []string) []string
	visit = func(name string, path []string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(path[i:], name)
		}
		if clear[name] {
			return nil
		}
		for _, need := range byName[name].DependsOn {
			if found := visit(need, append(path, name)); found != nil {
				return found
			}
		}
		clear[name] = true
		return nil
	}
	for _, c := range components {
		if found := visit(c.Name, nil); found != nil {
			return found
		}
	}
	return nil
}
