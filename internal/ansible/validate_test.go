package ansible

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func validate(t *testing.T, spec Spec, args string) Validated {
	t.Helper()
	value, err := ParseJSON(args)
	require.NoError(t, err)
	before := FormatJSON(value)
	v := spec.Validate(value.(*Object), testEnv)
	assert.Equal(t, before, FormatJSON(value), "the arguments stay as they are")
	return v
}

// cluster has something of everything. What its tests expect was seen with ansible-core 2.19 (testing/argspec compares at large).
var cluster = Spec{
	Options: []Option{
		{Name: "name", Required: true, Aliases: []string{"cluster", "id"}, DeprecatedAliases: []DeprecatedAlias{{Name: "id", Version: "2.0.0", Collection: "ns.col"}}},
		{Name: "state", Default: "present", Choices: []any{"present", "absent"}},
		{Name: "nodes", Type: Int, Default: 3},
		{Name: "labels", Type: Dict},
		{Name: "zones", Type: List, Elements: Str},
		{Name: "token", NoLog: Secret, Env: []string{"UNSET", "DIR"}},
		{Name: "old", RemovedInVersion: "3.0.0", RemovedFrom: "ns.col"},
		{Name: "pools", Type: List, Elements: Dict, Options: []Option{
			{Name: "size", Type: Int, Required: true, Aliases: []string{"count"}},
			{Name: "key", NoLog: Secret},
			{Name: "spot", Type: Bool, Default: false},
		}, Constraints: Constraints{MutuallyExclusive: [][]string{{"size", "key"}}}},
		{Name: "window", Type: Dict, ApplyDefaults: true, Options: []Option{{Name: "hours", Type: Int, Default: 4}}},
	},
	Constraints: Constraints{
		MutuallyExclusive: [][]string{{"labels", "zones"}},
		RequiredTogether:  [][]string{{"old", "labels"}},
		RequiredIf:        []RequiredIf{{Option: "state", Value: "absent", Requires: []string{"old", "labels"}, OneOf: true}},
		RequiredBy:        []RequiredBy{{Option: "zones", Requires: []string{"pools"}}},
	},
}

func TestValidArgumentsAreCoercedAndCompleted(t *testing.T) {
	v := validate(t, cluster, `{"id": 1.50, "nodes": "5", "pools": [{"count": "1.0"}, "size=2"], "token": null}`)
	require.Empty(t, v.Errors)
	assert.JSONEq(t, `{"id": 1.5, "name": "1.5", "state": "present", "nodes": 5, "labels": null, "zones": null, "token": null, "old": null,
		"pools": [{"count": "1.0", "size": 1, "key": null, "spot": false}, {"size": 2, "key": null, "spot": false}], "window": {"hours": 4}}`, FormatJSON(v.Params))
	assert.Equal(t, []Deprecation{{Msg: "Alias 'id' is deprecated. See the module docs for more information", Version: "2.0.0", Collection: "ns.col", OfAlias: true}}, v.Deprecations)
	assert.Empty(t, v.Warnings)
	assert.Empty(t, v.NoLogValues)
}

func TestAnAliasBeatsTheOptionAndWarns(t *testing.T) {
	v := validate(t, cluster, `{"name": "a", "cluster": "b", "old": "x", "labels": "", "pools": [{"size": 1, "count": 2}]}`)
	assert.Equal(t, "b", v.Params.Get("name"))
	assert.Equal(t, []string{"Both option pools[0].size and its alias pools[0].count are set.", "Both option name and its alias cluster are set."}, v.Warnings)
	assert.Equal(t, []Deprecation{{Msg: "Param 'old' is deprecated. See the module docs for more information", Version: "3.0.0", Collection: "ns.col"}}, v.Deprecations)
	assert.Equal(t, []string{"argument 'labels' is of type str and we were unable to convert to dict: dictionary requested, could not parse JSON or key=value"}, v.Errors)
}

func TestSecretsAreCollectedBeforeTheyAreCoerced(t *testing.T) {
	v := validate(t, cluster, `{"name": "a", "pools": [{"size": 1, "key": {"a": ["one", 2, true, null]}}, "{'size': 3, 'key': 'three'}"]}`)
	assert.Equal(t, []string{"/dir", "2", "one", "three"}, v.NoLogValues)
	assert.Equal(t, "{'a': ['one', 2, True, None]}", v.Params.Get("pools").([]any)[0].(*Object).Get("key"))
}

func TestEveryProblemIsReportedInAnsiblesOrder(t *testing.T) {
	v := validate(t, cluster, `{"state": "gone", "nodes": "1.5", "labels": null, "zones": "a,b", "pools": [{"key": 1, "size": null}, 5, {"stray": 1}], "window": {"hours": []}, "strange": 1}`)
	assert.Equal(t, []string{
		"Value '5' in the sub parameter field 'pools' must be a list, not 'int'",
		"parameters are mutually exclusive: labels|zones",
		"missing required arguments: name",
		`argument 'nodes' is of type str and we were unable to convert to int: "'1.5'" cannot be converted to an int`,
		"Elements value for option 'pools' is of type int and we were unable to convert to dict: <class 'int'> cannot be converted to a dict",
		"value of state must be one of: present, absent, got: gone",
		"parameters are required together: old, labels",
		"parameters are mutually exclusive: size|key found in pools",
		`argument 'size' is of type NoneType found in 'pools'. and we were unable to convert to int: "None" cannot be converted to an int`,
		"missing required arguments: size found in pools",
		`argument 'hours' is of type list found in 'window'. and we were unable to convert to int: "[]" cannot be converted to an int`,
		"pools.stray, strange. Supported parameters include: key, size, spot (count).",
	}, v.Errors)
	assert.True(t, v.Unsupported)
}

func TestRulesLookAtValues(t *testing.T) {
	v := validate(t, cluster, `{"name": "a", "state": "absent", "zones": []}`)
	assert.Equal(t, []string{"state is absent but any of the following are missing: old, labels", "missing parameter(s) required by 'zones': pools"}, v.Errors)
}

func TestTheCommonFileArgumentsDoNotReplaceOnesOwn(t *testing.T) {
	spec := Spec{Options: []Option{{Name: "mode", Type: Int}}, AddFileCommonArgs: true}
	v := validate(t, spec, `{"mode": "7", "attr": "i"}`)
	require.Empty(t, v.Errors)
	assert.JSONEq(t, `{"mode": 7, "attr": "i", "attributes": "i", "owner": null, "group": null, "seuser": null, "serole": null, "selevel": null, "setype": null, "unsafe_writes": false}`, FormatJSON(v.Params))
}

// Ansible ends in a traceback on these.
func TestWhereAnsibleFallsOverTheProblemIsReported(t *testing.T) {
	spec := Spec{Options: []Option{
		{Name: "d", Type: Dict, Options: []Option{{Name: "both", Required: true, Default: 1}}},
		{Name: "i", Type: Int}, {Name: "b", Type: Bytes}, {Name: "s", NoLog: Secret, Type: List, Default: []any{"x"}},
	}}
	v := validate(t, spec, `{"d": 5, "i": "inf", "b": 1e400}`)
	assert.Contains(t, v.Errors, "value of 'd' must be of type dict or list of dicts")
	assert.Contains(t, v.Errors, `argument 'i' is of type str and we were unable to convert to int: "'inf'" cannot be converted to an int`)
	assert.Contains(t, v.Errors, "argument 'b' is of type float and we were unable to convert to bytes: <class 'float'> cannot be converted to a Byte value")
	assert.Equal(t, []string{"x"}, v.NoLogValues)
	v = validate(t, spec, `{"d": {}}`)
	assert.Equal(t, []string{"internal error: required and default are mutually exclusive for both"}, v.Errors)
}

func TestOnlyWhatIsSecretIsCensored(t *testing.T) {
	secrets := []string{"se", "secret", "42", "True", "e\xcc\x81"}
	for _, c := range []struct{ value, want any }{
		{"secret", placeholder},
		{"secretary", "********ary"},
		{"sesame and secret", "********same and ********"}, // the longest first
		{142, placeholder},
		{1.5, 1.5},
		{true, true},
		{nil, nil},
		{"cafe\xcc\x81", "caf********"},
		{map[string]any{"secret": []string{"a 42", "b"}}, `{"secret": ["a ********", "b"]}`},
		{struct{ Token string }{"secret"}, `{"Token": "` + placeholder + `"}`},
	} {
		got := Censor(c.value, secrets)
		if _, ok := got.(*Object); ok {
			got = FormatJSON(got)
		}
		assert.Equal(t, c.want, got)
	}
}

// What Python's json wrote is read and written again without a difference.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a": [1, -0.0, 1e+16, NaN, -Infinity, null, true, "\ud800 \u00e9 \ud83d\ude00 \" \\ \n"]}`, `123456789012345678901234567890`, `[[], {}, ""]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := ParseJSON(text)
		if err != nil {
			return
		}
		written := FormatJSON(value)
		again, err := ParseJSON(written)
		require.NoError(t, err)
		require.Equal(t, written, FormatJSON(again))
	})
}
