package moduledoc

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

// text is prose or a name: a string that YAML, also the older one of Python (where yes is a boolean), takes for nothing else.
func text(s string) *yaml.Node {
	node := &yaml.Node{}
	if err := node.Encode(s); err != nil { // which unlike SetString knows the older YAML
		node.SetString(s)
	}
	if len(s) > foldFrom && !strings.Contains(s, "\n") && strings.Join(strings.Fields(s), " ") == s {
		node.Style = yaml.FoldedStyle
	}
	return node
}

func sequence(nodes ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: nodes}
}

// mapping takes keys and nodes in turn.
func mapping(pairs ...any) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		node.Content = append(node.Content, text(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return node
}

// put adds what is not null.
func put(doc *yaml.Node, key string, v any) {
	if v != nil {
		doc.Content = append(doc.Content, text(key), value(v))
	}
}

// value gives a value of a specification as YAML, in its order.
func value(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return text(v)
	case []any:
		list := sequence()
		for _, element := range v {
			list.Content = append(list.Content, value(element))
		}
		return list
	case *ansible.Object:
		doc := mapping()
		for key, element := range v.All() {
			doc.Content = append(doc.Content, value(key), value(element))
		}
		return doc
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: ansible.FormatJSON(v)}
}

const (
	foldFrom = 100 // longer texts get lines of their own
	width    = 120
)

// formatYAML writes YAML whose lines stay below the 160 characters of ansible-test. The encoder folds no lines, so that is done
// here; the text is read again to be sure that it says the same.
func formatYAML(node *yaml.Node) (string, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return "", err
	}
	folded := fold(b.String())
	var before, after any
	if err := yaml.Unmarshal(b.Bytes(), &before); err != nil {
		return "", err
	}
	if err := yaml.Unmarshal([]byte(folded), &after); err != nil {
		return "", err
	}
	if !reflect.DeepEqual(before, after) {
		return "", fmt.Errorf("folding changes the text:\n%s", folded)
	}
	return folded, nil
}

// fold breaks the lines of folded scalars, each of which the encoder writes as one long line below its ">-".
func fold(text string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		content := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(content)]
		if inside {
			content = wrap(content, indent)
		}
		b.WriteString(indent + content)
		inside = strings.HasSuffix(line, ">-\n")
	}
	return b.String()
}

func wrap(text, indent string) string {
	var b strings.Builder
	column := len(indent)
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String() + "\n"
}
