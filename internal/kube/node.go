package kube

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Editing nodes instead of values keeps what is not edited as it was written: order, comments, keys nobody here knows.

func isNull(n *yaml.Node) bool { return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// at is the index of a key's value in a mapping, or -1.
func at(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i + 1
		}
	}
	return -1
}

// get is a key's value, or nil.
func get(mapping *yaml.Node, key string) *yaml.Node {
	if i := at(mapping, key); i >= 0 {
		return mapping.Content[i]
	}
	return nil
}

// text is a key's value if it is a scalar.
func text(mapping *yaml.Node, key string) string {
	if n := get(mapping, key); n != nil && n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value
	}
	return ""
}

func set(mapping *yaml.Node, key string, value *yaml.Node) {
	if i := at(mapping, key); i >= 0 {
		mapping.Content[i] = value
		return
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func unset(mapping *yaml.Node, key string) {
	if i := at(mapping, key); i >= 0 {
		mapping.Content = slices.Delete(mapping.Content, i-1, i+1)
	}
}

func encode(value any) (*yaml.Node, error) {
	var n yaml.Node
	err := n.Encode(value)
	return &n, err
}

// entries are those of a list that have a name.
func entries(root *yaml.Node, list, name string) []*yaml.Node {
	var found []*yaml.Node
	if all := get(root, list); !isNull(all) {
		for _, entry := range all.Content {
			if text(entry, "name") == name {
				found = append(found, entry)
			}
		}
	}
	return found
}

// removeEntries removes the entries with the name from a list, all of them but the first ones.
func removeEntries(root *yaml.Node, list, name string, keep int) {
	all := get(root, list)
	if isNull(all) {
		return
	}
	all.Content = slices.DeleteFunc(all.Content, func(entry *yaml.Node) bool {
		if text(entry, "name") != name {
			return false
		}
		keep--
		return keep < 0
	})
}

func addEntry(root *yaml.Node, list string, entry *yaml.Node) {
	all := get(root, list)
	if isNull(all) {
		all = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		set(root, list, all)
	}
	if len(all.Content) == 0 {
		all.Style = 0 // not [], which would take the entry into its line
	}
	all.Content = append(all.Content, entry)
}

// clone copies nodes deeply; an alias leads to the copy of its anchor.
func clone(n *yaml.Node) *yaml.Node { return cloneInto(n, map[*yaml.Node]*yaml.Node{}) }

func cloneInto(n *yaml.Node, copies map[*yaml.Node]*yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	if done, ok := copies[n]; ok {
		return done
	}
	c := *n
	copies[n] = &c
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, cloneInto(child, copies))
	}
	c.Alias = cloneInto(n.Alias, copies)
	return &c
}

// format writes YAML as kubectl does: lists are not indented.
func format(root *yaml.Node, head string) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	err := encoder.Encode(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}, HeadComment: head})
	return b.Bytes(), err
}
