package ansible

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACommandIsDoneInPlaceOfTheModule(t *testing.T) {
	type answer struct{ Greeting string }
	command := NewCommand("say", "print a greeting", greet.Options[:2], func(_ context.Context, in greeting) (any, error) {
		if in.Name == "nobody" {
			return nil, errors.New("nobody is here; take another name")
		}
		return answer{strings.Repeat("hello "+in.Name+" ", in.Times)}, nil
	})
	t.Setenv("NAME", "from the environment")
	for _, c := range []struct {
		args           string
		code           int
		out, complaint string
	}{
		{"--say name=bo count=2", 0, `{"Greeting":"hello bo hello bo "}` + "\n", ""},
		{"--say name=nobody", 1, "", "greet --say: nobody is here; take another name\n"},
		{"--say", 1, "", "greet --say: missing required arguments: name\n"},
		{"--say bo", 1, "", `greet --say: argument "bo": arguments are of the form OPTION=VALUE, each option once` + "\n"},
		{"--say name=a name=b", 1, "", `greet --say: argument "name=b": arguments are of the form OPTION=VALUE, each option once` + "\n"},
		{"--say name=a times=many secret=x", 1, "", `greet --say: argument 'times' is of type str and we were unable to convert to int: ` +
			`"'many'" cannot be converted to an int; Unsupported options: secret. Supported parameters include: name, times (count).` + "\n"},
	} {
		var out, complaints bytes.Buffer
		p := process{args: strings.Fields(c.args), commands: []Command{command}, stdout: &out, stderr: &complaints}
		assert.Equal(t, c.code, p.main(greet, nil), c.args)
		assert.Equal(t, c.out, out.String(), c.args)
		assert.Equal(t, c.complaint, complaints.String(), c.args)
	}
	var out bytes.Buffer
	p := process{args: []string{"--help"}, commands: []Command{command}, stdout: &out}
	assert.Zero(t, p.main(greet, nil))
	assert.Regexp(t, `--say +print a greeting\n`, out.String())
}

func TestACommandTakesSecretsFromAFileAndTellsNone(t *testing.T) {
	options := []Option{{Name: "name"}, {Name: "key", NoLog: Secret}, {Name: "times", Type: Int}}
	type params struct {
		Name  string `ansible:"name"`
		Key   string `ansible:"key"`
		Times int    `ansible:"times"`
	}
	command := NewCommand("tell", "tell all", options, func(_ context.Context, in params) (any, error) {
		if in.Times > 1 {
			return nil, fmt.Errorf("%s has %s", in.Name, in.Key)
		}
		return in.Name + " has " + in.Key, nil
	})
	text, err := Encode(params{"bo", "hunter2", 1})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "options.json")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	say := func(arguments ...string) string {
		var out bytes.Buffer
		p := process{args: append([]string{"--tell"}, arguments...), commands: []Command{command}, stdout: &out, stderr: &out}
		p.main(greet, nil)
		return out.String()
	}
	assert.Equal(t, "bo has ********\n", say("@"+file))
	assert.Equal(t, "greet --tell: bo has ********\n", say("@"+twice(t, file)))
	assert.Equal(t, "greet --tell: read options: open "+file+"x: no such file or directory\n", say("@"+file+"x"))
}

func twice(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(text, []byte(`"times": 1`), []byte(`"times": 2`), 1), 0o600))
	return file
}

func TestOptionsAreEncodedAsTheyWereDecoded(t *testing.T) {
	type inner struct {
		Folder string `ansible:"folder"`
		Secret string `ansible:"secret"`
	}
	type Embedded struct {
		Stores []inner `ansible:"stores"`
	}
	type params struct {
		Embedded
		Name  string            `ansible:"name"`
		More  *inner            `ansible:"more"`
		Age   int               `ansible:"age"`
		Texts []string          `ansible:"texts"`
		Map   map[string]string `ansible:"map"`
	}
	in := params{Embedded{[]inner{{"/a", "hunter2"}}}, "bo", nil, 0, []string{"x"}, nil}
	text, err := Encode(in)
	require.NoError(t, err)
	assert.JSONEq(t, `{"stores": [{"folder": "/a", "secret": "hunter2"}], "name": "bo", "age": 0, "texts": ["x"]}`, text)
	value, err := ParseJSON(text)
	require.NoError(t, err)
	var out params
	require.NoError(t, decode(value.(*Object), &out))
	assert.Equal(t, in, out)

	spec := Spec{Options: []Option{{Name: "name"}, {Name: "stores", Type: List, Options: []Option{{Name: "folder"}, {Name: "secret", NoLog: Secret}}}}}
	parsed := func(secret string) map[string]any {
		return map[string]any{"name": "bo", "stores": []any{map[string]any{"folder": "/a", "secret": secret}}}
	}
	assert.Equal(t, parsed("a secret"), spec.Shown(parsed("x"), parsed("x")))
	assert.Equal(t, parsed("another secret"), spec.Shown(parsed("y"), parsed("x")))
}
