package kube

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// edit is a kubeconfig's future: a copy of what was found, and what was done to it.
type edit struct {
	root           *yaml.Node
	added, changed []string // kinds of entries
}

// put makes an entry of the access what it is to be.
func (e *edit) put(want Access, list, kind string) error {
	found := entries(e.root, list, want.Name)
	if len(found) == 0 {
		body := map[string]any{"name": want.Name, kind: want.fields(kind)}
		entry, err := encode(body)
		addEntry(e.root, list, entry)
		e.added = append(e.added, kind)
		return err
	}
	body := get(found[0], kind)
	fresh := body == nil || body.Kind != yaml.MappingNode
	if fresh {
		body = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		set(found[0], kind, body)
	}
	differs, err := putFields(body, owned[kind], want.fields(kind))
	if differs || fresh || len(found) > 1 { // kubectl refuses a file with two of a name
		e.changed = append(e.changed, kind)
		removeEntries(e.root, list, want.Name, 1)
	}
	return err
}

// putFields sets the owned fields in an entry's body, and removes those without a value.
func putFields(body *yaml.Node, names []string, fields map[string]any) (differs bool, err error) {
	for _, name := range names {
		want, err := encode(fields[name])
		if err != nil {
			return differs, err
		}
		switch {
		case reflect.DeepEqual(plain(get(body, name)), plain(want)):
			continue
		case fields[name] == nil:
			unset(body, name)
		default:
			set(body, name, want)
		}
		differs = true
	}
	return differs, nil
}

// plain is a value to compare with: what kubectl writes for an absent field (null, false, an empty text or list) is absent.
func plain(n *yaml.Node) any {
	var value any
	if n == nil || n.Decode(&value) != nil {
		return nil
	}
	return plainValue(value)
}

func plainValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, element := range v {
			if v[key] = plainValue(element); v[key] == nil {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = plainValue(v[i])
		}
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return value
}

// complete adds what makes a new file a kubeconfig.
func (e *edit) complete() {
	for _, header := range [][2]string{{"apiVersion", "v1"}, {"kind", "Config"}} {
		if text(e.root, header[0]) == "" {
			set(e.root, header[0], &yaml.Node{Kind: yaml.ScalarNode, Value: header[1]})
		}
	}
}

// take removes the entries of an access.
func (e *edit) take(name string) (removed []string) {
	for _, s := range sections {
		if len(entries(e.root, s.list, name)) > 0 {
			removed = append(removed, s.kind)
			removeEntries(e.root, s.list, name, 0)
		}
	}
	return removed
}

// listed joins words as a sentence does: cluster, user and context.
func listed(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// secret are fields whose values are hidden wherever they are; of these lists and mappings, everything.
var secret = []string{"token", "password", "client-key-data", "auth-provider", "env"}

const (
	hidden  = "(hidden)"
	another = "(hidden, another one)"
)

// masked gives an entry's body before and after with the secrets hidden, so that one sees whether they differ.
func masked(before, after *yaml.Node) (any, any) {
	b, a := bodyOf(before), bodyOf(after)
	return hide(b, nil), hide(a, b)
}

func bodyOf(n *yaml.Node) any {
	var value any
	if n == nil || n.Decode(&value) != nil {
		return ""
	}
	return value
}

func hide(value, old any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return value
	}
	was, _ := old.(map[string]any)
	shown := map[string]any{}
	for name, field := range fields {
		switch {
		case !slices.Contains(secret, name):
			shown[name] = hide(field, was[name])
		case was[name] == nil || reflect.DeepEqual(field, was[name]):
			shown[name] = hidden
		default:
			shown[name] = another
		}
	}
	return shown
}
