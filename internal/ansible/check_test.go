package ansible

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheckFindsWhatDoesNotFit(t *testing.T) {
	type pool struct {
		Size string `ansible:"size"`
	}
	type params struct {
		Name   int      `ansible:"name"`
		Extra  string   `ansible:"extra"`
		Zones  []int    `ansible:"zones"`
		Parts  []string `ansible:"parts"`
		Pools  []pool   `ansible:"pools"`
		State  string   `ansible:"state"`
		Hidden string
	}
	described := []string{"It."}
	spec := Spec{Notes: []string{"O(name), O(pools.size=3), RV(list.part) and O(zone); APO(x)"}, Options: []Option{
		{Name: "name", Description: described},
		{Name: "password", Description: described},
		{Name: "count", Type: Int, Default: "x"},
		{Name: "zones", Type: List, Elements: Str, Description: described},
		{Name: "parts", Type: List, Description: described},
		{Name: "pools", Type: List, Elements: Dict, Description: described, Options: []Option{{Name: "size", Type: Int, Description: described}}},
		{Name: "state", Choices: []any{"present"}, Default: "absent", Required: true, Description: described},
	}, Constraints: Constraints{RequiredOneOf: [][]string{{"name", "nothing"}}}, Returns: []Return{{Name: "list", Type: List, Returned: "always", Description: "A list.", Contains: []Return{{Name: "part"}}}}}
	assert.Equal(t, []string{
		"name, short description, description, examples and returns must all be there",
		"return value list: must say of what it is a list",
		"return value list.part: must say what it is, of which type, and when it is returned",
		"field Hidden of ansible.params: must be exported and name its option in a tag ansible",
		"option name: is a str, its field a int",
		"option password: must say whether it is secret",
		"option password: no field of ansible.params has it",
		"option count: has no description",
		"option count: no field of ansible.params has it",
		"option zones: its elements are str, those of its field int",
		"option parts: must say of what it is a list",
		"option pools.size: is a int, its field a string",
		"option state: is required and has a default",
		`option state: its default "absent" is not among its choices`,
		"field extra of ansible.params: there is no such option",
		"rule about nothing: there is no such option",
		"a text names O(zone), which is not there: O(name), O(pools.size=3), RV(list.part) and O(zone); APO(x)",
	}, Check[params](spec))
}

func TestTheDescriptionHasAnsiblesNames(t *testing.T) {
	spec := cluster
	spec.Name, spec.AddFileCommonArgs = "cluster", true
	described := spec.Describe()
	assert.JSONEq(t, `{
		"name": {"description": [], "type": "str", "required": true, "aliases": ["cluster", "id"], "deprecated_aliases": [{"name": "id", "version": "2.0.0", "collection_name": "ns.col"}]},
		"state": {"description": [], "type": "str", "default": "present", "choices": ["present", "absent"]},
		"nodes": {"description": [], "type": "int", "default": 3},
		"labels": {"description": [], "type": "dict"},
		"zones": {"description": [], "type": "list", "elements": "str"},
		"token": {"description": [], "type": "str", "no_log": true, "fallback": {"env": ["UNSET", "DIR"]}},
		"old": {"description": [], "type": "str", "removed_in_version": "3.0.0", "removed_from_collection": "ns.col"},
		"pools": {"description": [], "type": "list", "elements": "dict", "options": {
			"size": {"description": [], "type": "int", "required": true, "aliases": ["count"]},
			"key": {"description": [], "type": "str", "no_log": true},
			"spot": {"description": [], "type": "bool", "default": false}}, "mutually_exclusive": [["size", "key"]]},
		"window": {"description": [], "type": "dict", "options": {"hours": {"description": [], "type": "int", "default": 4}}, "apply_defaults": true}
	}`, FormatJSON(described.Get("argument_spec")))
	assert.Equal(t, `[["state", "absent", ["old", "labels"], true]]`, FormatJSON(described.Get("required_if")))
	assert.Equal(t, `{"zones": ["pools"]}`, FormatJSON(described.Get("required_by")))
	assert.Equal(t, true, described.Get("add_file_common_args"))
}
