package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/file"
)

// Config is a kubeconfig as it was found.
type Config struct {
	path   string // as it was named
	target string // the file itself, where path is a link
	exists bool
	mode   fs.FileMode
	root   *yaml.Node // a mapping
	head   string     // comments before it
}

// ObserveConfig reads a kubeconfig. One that does not exist is empty; a link is followed.
func ObserveConfig(path string) (*Config, error) {
	c := &Config{path: path}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("read the kubeconfig %s: %w", path, err)
	}
	return c, nil
}

// Path is the kubeconfig's path as it was named.
func (c *Config) Path() string { return c.path }

// Token is the token of a user with its note, or empty.
func (c *Config) Token(user string) (token string, note map[string]string) {
	var found struct {
		Token      string
		Extensions []struct {
			Name      string
			Extension map[string]string
		}
	}
	entry := body(c.root, "users", "user", user)
	if entry == nil || entry.Decode(&found) != nil {
		return "", nil
	}
	for _, extension := range found.Extensions {
		if extension.Name == noted {
			note = extension.Extension
		}
	}
	return found.Token, note
}

func (c *Config) read() error {
	var err error
	if c.target, err = file.Follow(c.path); err != nil {
		return err
	}
	content, err := os.ReadFile(c.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		content = nil
	case errors.Is(err, syscall.EISDIR):
		return errors.New("it is a folder; name the file in it")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("permission denied; make it readable for the user who runs the task, or name another")
	case err != nil:
		return fmt.Errorf("%w; correct that, or name another file", file.Cause(err))
	default:
		info, err := os.Stat(c.target)
		if err != nil {
			return file.Cause(err)
		}
		c.exists, c.mode = true, info.Mode().Perm()
	}
	return c.parse(content)
}

const repair = "; repair it, or name another file"

// parse never quotes the content: it may hold secrets.
func (c *Config) parse(content []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		c.root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		return nil
	}
	if err != nil {
		return fmt.Errorf("it is no YAML (%s)"+repair, oneLine(err))
	}
	if !errors.Is(decoder.Decode(&second), io.EOF) {
		return errors.New("it holds more than one YAML document, of which kubectl sees the first alone" + repair)
	}
	c.root, c.head = document.Content[0], document.HeadComment
	if c.root.Kind == yaml.ScalarNode && c.root.Tag == "!!null" {
		c.root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	return c.check()
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// check wants the shape of a kubeconfig as far as it is edited here.
func (c *Config) check() error {
	if c.root.Kind != yaml.MappingNode {
		return errors.New("it is no kubeconfig, which has clusters, users and contexts" + repair)
	}
	var values any
	if err := c.root.Decode(&values); err != nil {
		return fmt.Errorf("it is no YAML that kubectl accepts (%s)"+repair, oneLine(err))
	}
	if kind := get(c.root, "kind"); kind != nil && kind.Value != "Config" {
		return errors.New("its kind is not Config, so it is no kubeconfig" + repair)
	}
	for _, s := range sections {
		list := get(c.root, s.list)
		if isNull(list) {
			continue
		}
		if list.Kind != yaml.SequenceNode {
			return fmt.Errorf("its %s are no list"+repair, s.list)
		}
		for _, entry := range list.Content {
			if entry.Kind != yaml.MappingNode {
				return fmt.Errorf("its %s hold something that is no %s"+repair, s.list, s.kind)
			}
		}
	}
	return nil
}
