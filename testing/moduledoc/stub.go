// Package moduledoc makes the Python file that stands beside a module's binary, from the module's specification. ansible-doc reads
// the documentation in it, and ansible-lint calls its main to check the options of playbooks. It never does a module's work.
package moduledoc

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

const (
	collection = "metalstack.initial_cluster"
	author     = "metal-stack authors (@metal-stack)"
)

// Stub gives the content of plugins/modules/NAME.py for what ansible.Spec's Describe gives (and a module's --spec prints).
func Stub(described *ansible.Object) (string, error) {
	name, _ := described.Get("module").(string)
	var parts []any
	for _, part := range []*yaml.Node{documentation(described), returns(described)} {
		text, err := formatYAML(part)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, text)
	}
	examples, _ := described.Get("examples").(string)
	text := fmt.Sprintf(form, name, parts[0], strings.Trim(examples, "\n")+"\n", parts[1], imports(described), call(described), name)
	if strings.Count(text, `"""`) != 6 {
		return "", fmt.Errorf(`%s: """ in a text would end it in Python; write it in another way`, name)
	}
	return text, nil
}

const form = `#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
# Generated from modules/%s/spec.go by make docs; do not edit.
# The documentation, and the options for ansible-lint. The work is done by a binary (plugins/module_utils/bin).
from __future__ import annotations

DOCUMENTATION = r"""
---
%s"""

EXAMPLES = r"""
---
%s"""

RETURN = r"""
---
%s"""

from ansible.module_utils.basic import %s


def main():
    module = AnsibleModule(
%s    )
    module.fail_json(
        msg="%s: run the module: its binary is not there; run make build in the checkout, or install the collection from the tarball of its release"
    )


if __name__ == "__main__":
    main()
`

// attributes are the same for all modules: the protocol gives them.
var attributes = mapping(
	"action_group", mapping(
		"description", text("Use C(group/"+collection+".initial_cluster) in C(module_defaults) to set defaults for this module."),
		"support", text("full"),
		"membership", sequence(text(collection+".initial_cluster")),
	),
	"async", mapping("description", text("Can be run with C(async)."), "support", text("full")),
	"check_mode", mapping("description", text("Can run in C(check_mode) and tell what would change without changing it."), "support", text("full")),
	"diff_mode", mapping("description", text("Shows with C(--diff) what has changed, or in C(check_mode) would."), "support", text("full")),
	"platform", mapping(
		"description", text("The operating system of the host where the task runs, on amd64 or arm64."),
		"support", text("full"),
		"platforms", text("linux"),
	),
)

func documentation(described *ansible.Object) *yaml.Node {
	doc := mapping()
	put(doc, "module", described.Get("module"))
	put(doc, "short_description", described.Get("short_description"))
	put(doc, "version_added", described.Get("version_added"))
	put(doc, "description", described.Get("description"))
	doc.Content = append(doc.Content, text("author"), sequence(text(author)))
	if described.Get("add_file_common_args") == true {
		doc.Content = append(doc.Content, text("extends_documentation_fragment"), sequence(text("ansible.builtin.files")))
	}
	doc.Content = append(doc.Content, text("attributes"), attributes)
	put(doc, "notes", described.Get("notes"))
	if others, ok := described.Get("seealso").([]any); ok {
		list := sequence()
		for _, other := range others {
			list.Content = append(list.Content, mapping("module", value(other)))
		}
		doc.Content = append(doc.Content, text("seealso"), list)
	}
	doc.Content = append(doc.Content, text("options"), options(described.Get("argument_spec")))
	return doc
}

// options is the documentation of one level of options. What only the code needs to know is left out.
func options(spec any) *yaml.Node {
	all := mapping()
	for name, option := range spec.(*ansible.Object).All() {
		o := option.(*ansible.Object)
		doc := mapping("description", paragraphs(o))
		for _, key := range []string{"version_added", "type", "elements", "required", "default", "choices", "aliases"} {
			put(doc, key, o.Get(key))
		}
		if below := o.Get("options"); below != nil {
			doc.Content = append(doc.Content, text("suboptions"), options(below))
		}
		all.Content = append(all.Content, value(name), doc)
	}
	return all
}

// paragraphs describe an option, and where its value comes from if it is not given.
func paragraphs(o *ansible.Object) *yaml.Node {
	described := value(o.Get("description"))
	if fallback, ok := o.Get("fallback").(*ansible.Object); ok {
		var names []string
		for _, name := range fallback.Get("env").([]any) {
			names = append(names, fmt.Sprintf("E(%s)", name))
		}
		sentence := "If it is not given, the environment variable " + names[0] + " of the task is taken."
		if len(names) > 1 {
			sentence = "If it is not given, the first that is set of the environment variables " + strings.Join(names, ", ") + " of the task is taken."
		}
		described.Content = append(described.Content, text(sentence))
	}
	return described
}

func returns(described *ansible.Object) *yaml.Node { return value(described.Get("returns")) }
