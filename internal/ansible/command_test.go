package ansible

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
