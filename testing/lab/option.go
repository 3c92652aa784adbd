package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// option is a deployment option at the lab's cloud, and the clusters that it has.
type option struct {
	name     string
	clusters []string // the first is metal-stack's
}

var options = []option{{"shared", []string{"initial"}}, {"dedicated", []string{"metal-stack", "manager"}}}

func parseOption(name string) (option, error) {
	var names []string
	for _, o := range options {
		if o.name == name {
			return o, nil
		}
		names = append(names, o.name)
	}
	return option{}, fmt.Errorf("option %s: there is none of that name; use %s or autonomous", name, strings.Join(names, ", "))
}

// lastOption is the option that the lab was made for last; the first one before.
func (l lab) lastOption() (option, error) {
	content, err := os.ReadFile(l.path("option"))
	if errors.Is(err, fs.ErrNotExist) {
		return options[0], nil
	}
	if err != nil {
		return option{}, err
	}
	return parseOption(strings.TrimSpace(string(content)))
}
