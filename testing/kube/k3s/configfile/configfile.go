// Package configfile reads config.yaml and its drop-ins as k3s does: their keys become arguments in front of those of the command line.
package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Default is the file where neither --config nor K3S_CONFIG_FILE names one.
const Default = "/etc/rancher/k3s/config.yaml"

// Setting is a key of the files with the values that count at the end.
type Setting struct {
	Key    string
	Values []string
}

// Arguments are the setting as words of a command line, one for each value.
func (s Setting) Arguments() []string {
	dashes := "--"
	if len(s.Key) == 1 {
		dashes = "-"
	}
	var words []string
	for _, value := range s.Values {
		words = append(words, dashes+s.Key+"="+value)
	}
	return words
}

// Path finds the file: --config or -c of the command line, then K3S_CONFIG_FILE, then Default.
func Path(arguments []string) string {
	for i, word := range arguments {
		name, value, joined := strings.Cut(word, "=")
		if name != "--config" && name != "-c" {
			continue
		}
		if joined {
			return value
		}
		if i+1 < len(arguments) {
			return arguments[i+1]
		}
	}
	if path := os.Getenv("K3S_CONFIG_FILE"); path != "" {
		return path
	}
	return Default
}

// Read gives the settings of the file and of its folder of drop-ins, in the order in which their keys came first. Of a key in several
// files the last counts; written with a + its values go behind those of the files before.
func Read(path string) ([]Setting, error) {
	paths, err := files(path)
	if err != nil {
		return nil, err
	}
	var settings []Setting
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := parse(content)
		if err != nil {
			return nil, fmt.Errorf("failed to parse %s: %w", path, err)
		}
		settings = merge(settings, found)
	}
	return settings, nil
}

// files are the config file and its drop-ins by name.
func files(path string) ([]string, error) {
	entries, err := os.ReadDir(path + ".d")
	if errors.Is(err, fs.ErrNotExist) {
		return []string{path}, nil
	}
	if err != nil {
		return nil, err
	}
	found := []string{path}
	for _, entry := range entries {
		suffix := strings.ToLower(filepath.Ext(entry.Name()))
		if !entry.IsDir() && (suffix == ".yaml" || suffix == ".yml") {
			found = append(found, filepath.Join(path+".d", entry.Name()))
		}
	}
	return found, nil
}

func merge(settings, later []Setting) []Setting {
	for _, s := range later {
		key, appends := strings.CutSuffix(s.Key, "+")
		s.Key = key
		i := slices.IndexFunc(settings, func(have Setting) bool { return have.Key == key })
		switch {
		case i < 0:
			settings = append(settings, s)
		case appends:
			settings[i].Values = append(settings[i].Values, s.Values...)
		default:
			settings[i] = s
		}
	}
	return settings
}

func parse(content []byte) ([]Setting, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		if root.Tag == "!!null" {
			return nil, nil
		}
		return nil, errors.New("the file is no mapping of keys to values")
	}
	var settings []Setting
	for i := 0; i+1 < len(root.Content); i += 2 {
		values, err := values(root.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", root.Content[i].Value, err)
		}
		settings = append(settings, Setting{Key: root.Content[i].Value, Values: values})
	}
	return settings, nil
}

func values(node *yaml.Node) ([]string, error) {
	if node.Kind != yaml.SequenceNode {
		value, err := scalar(node)
		return []string{value}, err
	}
	var found []string
	for _, item := range node.Content {
		value, err := scalar(item)
		if err != nil {
			return nil, err
		}
		found = append(found, value)
	}
	return found, nil
}

// scalar writes a value as k3s does: what YAML takes for a boolean is true or false.
func scalar(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", errors.New("neither a value nor a list of values")
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return "", err
	}
	if value == nil {
		return "", nil
	}
	return fmt.Sprint(value), nil
}
