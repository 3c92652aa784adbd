package settings

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Where k3s looks for its settings.
const (
	Folder         = "/etc/rancher/k3s"
	ConfigFile     = Folder + "/config.yaml"
	DropIns        = ConfigFile + ".d"
	RegistriesFile = Folder + "/registries.yaml"
)

// DropIn is the path of a drop-in by its name.
func DropIn(name string) string { return path.Join(DropIns, name+".yaml") }

// IsDropIn tells whether k3s reads a file of that name in its folder of drop-ins.
func IsDropIn(name string) bool {
	suffix := strings.ToLower(path.Ext(name))
	return suffix == ".yaml" || suffix == ".yml"
}

// Read gives the settings of files, by path, as k3s reads them: config.yaml first, then the drop-ins by name. Of a key in several files the
// last counts; written with a + its values go behind those of the files before.
func Read(files map[string]string) (Settings, error) {
	var paths []string
	for path := range files {
		if path != ConfigFile {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	all := Settings{}
	for _, path := range append([]string{ConfigFile}, paths...) {
		if err := all.merge(files[path]); err != nil {
			return nil, fmt.Errorf("read %s: %w; correct it, k3s does not start with it", path, err)
		}
	}
	return all, nil
}

func (s Settings) merge(text string) error {
	found := map[string]yaml.Node{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		return err
	}
	for key, node := range found {
		values, err := valuesOf(&node)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		name, appended := strings.CutSuffix(key, "+")
		if long, ok := aliases[name]; ok {
			name = long
		}
		if appended {
			values = append(slices.Clone(s[name]), values...)
		}
		s[name] = values
	}
	return nil
}

func valuesOf(node *yaml.Node) ([]string, error) {
	var list []yaml.Node
	if node.Kind == yaml.SequenceNode {
		if err := node.Decode(&list); err != nil {
			return nil, err
		}
	} else {
		list = []yaml.Node{*node}
	}
	var values []string
	for _, element := range list {
		switch {
		case element.Tag == "!!null":
		case element.Kind == yaml.ScalarNode:
			values = append(values, element.Value)
		default:
			return nil, fmt.Errorf("line %d: a text, a number, true, false or a list of them is wanted", element.Line)
		}
	}
	return values, nil
}

// Format is the values as a file, with its keys sorted and a line that says whose it is.
func Format(values map[string]any) (string, error) {
	var text bytes.Buffer
	text.WriteString("# Written by metalstack.initial_cluster.k3s_node, which writes it again.\n")
	if len(values) == 0 {
		return text.String(), nil
	}
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(values); err != nil {
		return "", err
	}
	return text.String(), encoder.Close()
}
