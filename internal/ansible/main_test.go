package ansible

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

type greeting struct {
	Name   string `ansible:"name"`
	Times  int    `ansible:"times"`
	Secret string `ansible:"secret"`
}

var greet = Spec{Name: "greet", ShortDescription: "greets", Description: []string{"Greets."}, Options: []Option{
	{Name: "name", Required: true, Description: []string{"Whom to greet."}},
	{Name: "times", Type: Int, Default: 1, Aliases: []string{"count"}},
	{Name: "secret", NoLog: Secret},
}}

func unsettled(stdout io.Writer, _ context.CancelCauseFunc) io.Writer { return stdout }

// run runs a module's main on arguments from standard input, without a process of its own.
func run(t *testing.T, args string, do Run[greeting], flags ...string) (reply map[string]any, raw string, code int) {
	t.Helper()
	var out, complaints bytes.Buffer
	p := process{
		args: append(flags, "-"), stdin: strings.NewReader(args), stdout: &out, stderr: &complaints,
		getenv: func(string) (string, bool) { return "", false }, settle: unsettled,
	}
	code = p.main(greet, work(do))
	assert.Empty(t, complaints.String())
	require.True(t, strings.HasPrefix(out.String(), "\n{") && strings.Count(out.String(), "\n") == 2, "one line after a line end: %q", out.String())
	value, err := ParseJSON(out.String())
	require.NoError(t, err)
	return plainValue(value).(map[string]any), out.String(), code
}

func succeed(_ context.Context, in greeting, _ Mode) (Result, error) {
	return Result{Changed: true, Msg: strings.Repeat("hello "+in.Name+" ", in.Times), Diff: []Diff{{Before: "a", After: "b"}}, Values: map[string]any{"greeting": map[string]any{"for": in.Name}}}, nil
}

func TestAResultHasWhatAnsibleWants(t *testing.T) {
	reply, _, code := run(t, `{"name": "bo", "count": "2", "_ansible_version": "2.18.1", "_ansible_new_key": 1}`, succeed)
	assert.Zero(t, code)
	assert.Equal(t, map[string]any{
		"changed": true, "failed": false, "msg": "hello bo hello bo ", "greeting": map[string]any{"for": "bo"},
		"invocation": map[string]any{"module_args": map[string]any{"name": "bo", "count": "2", "times": int64(2), "secret": nil}},
	}, reply)
}

func TestTheDiffComesOnlyWhenAskedFor(t *testing.T) {
	reply, _, _ := run(t, `{"name": "bo", "_ansible_diff": true}`, succeed)
	assert.Equal(t, []any{map[string]any{"before": "a", "after": "b"}}, reply["diff"])
}

func TestFrom221OnTheInvocationComesOnlyWhenAskedFor(t *testing.T) {
	reply, _, _ := run(t, `{"name": "bo", "_ansible_version": "2.21.0"}`, succeed)
	assert.NotContains(t, reply, "invocation")
	reply, _, _ = run(t, `{"name": "bo", "_ansible_version": "2.22.0", "_ansible_inject_invocation": true}`, succeed)
	assert.Contains(t, reply, "invocation")
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	reply, _, code := run(t, `{"times": "two", "color": "red", "_ansible_module_name": "metalstack.initial_cluster.greet"}`, succeed)
	assert.Equal(t, 1, code)
	assert.Equal(t, true, reply["failed"])
	assert.Equal(t, `missing required arguments: name; argument 'times' is of type str and we were unable to convert to int: "'two'" cannot be converted to an int; `+
		`Unsupported parameters for (metalstack.initial_cluster.greet) module: color. Supported parameters include: name, secret, times (count).`, reply["msg"])
	assert.Len(t, reply["errors"], 3)
}

func TestUnknownOptionsAreIgnoredIfAnsibleSaysSo(t *testing.T) {
	reply, _, code := run(t, `{"name": "bo", "color": "red", "_ansible_ignore_unknown_opts": true}`, succeed)
	assert.Zero(t, code)
	assert.Equal(t, "hello bo ", reply["msg"])
}

// secretForms is a secret as it gets into texts: plain, quoted in JSON, Python, Go and URLs, in base64, a line alone.
func secretForms(secret string) []any {
	return []any{
		secret, "x" + secret + "y", fmt.Sprintf(`{"a": %s}`, FormatJSON(secret)), string(must(json.Marshal(map[string]string{"a": secret}))), pyRepr([]any{secret}),
		fmt.Sprintf("%q", secret), "https://x/?token=" + url.QueryEscape(secret), url.PathEscape(secret), []byte(secret),
		base64.URLEncoding.EncodeToString([]byte(secret)), strings.TrimSpace(secret), strings.Split(secret, "\n"),
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestSecretsAreCensoredEverywhere(t *testing.T) {
	const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq/+<&>\n-----END KEY-----\n"
	leak := func(ctx context.Context, in greeting, _ Mode) (Result, error) {
		Conceal(ctx, "minted-token", key)
		return Result{
			Warnings: []string{"token minted-token"}, Steps: []string{"use " + in.Secret}, Facts: map[string]any{"token": in.Secret},
			Diff:   []Diff{{Before: map[string]any{"a": in.Secret}, After: "b " + key, AfterHeader: in.Secret}},
			Values: map[string]any{"key": secretForms(key), "option": secretForms(in.Secret)},
		}, errors.New("server said: bad password " + in.Secret + "!")
	}
	reply, raw, _ := run(t, `{"name": "s3cr3t\"ü'<\\ is me", "secret": "s3cr3t\"ü'<\\", "_ansible_diff": true}`, leak)
	assert.Equal(t, "server said: bad password ********!", reply["msg"])
	assert.Equal(t, "******** is me", reply["invocation"].(map[string]any)["module_args"].(map[string]any)["name"])
	for _, secret := range []string{"s3cr3t", "minted-token", "MIIEvQIBADANBgkq", "czNjcjN0", "LS0tLS1CRUdJT"} {
		assert.NotContains(t, raw, secret)
	}
}

func TestShortSecretsAreNotSearchedForInOtherForms(t *testing.T) {
	reply, _, _ := run(t, `{"name": "YQ a", "secret": "a"}`, succeed)
	assert.Equal(t, "hello YQ ******** ", reply["msg"])
}

func TestAPanicIsAResult(t *testing.T) {
	panics := func(context.Context, greeting, Mode) (Result, error) { panic("nil map") }
	reply, _, code := run(t, `{"name": "bo"}`, panics)
	assert.Equal(t, 1, code)
	assert.Equal(t, "panic: nil map; this is a defect of the module, please report it with the output of -vvv", reply["msg"])
	assert.NotContains(t, reply, "exception")
	reply, _, _ = run(t, `{"name": "bo", "_ansible_version": "2.19.0", "_ansible_tracebacks_for": ["error"]}`, panics)
	assert.Contains(t, reply["exception"], "main_test.go")
}

func TestOnlyASCIIAndNothingAnsibleStumblesOver(t *testing.T) {
	odd := func(context.Context, greeting, Mode) (Result, error) {
		return Result{Changed: true, Values: map[string]any{
			"thing":   map[string]any{"__ansible_type": 1, "text": "a\u0085b\u2028c", "big": uint64(1) << 63},
			"numbers": []any{math.NaN(), math.Inf(-1), 1e300},
			"broken":  "a\xffb",
			"long":    new(big.Int).Exp(big.NewInt(10), big.NewInt(4300), nil),
			"results": []any{1}, "skipped": true, "changed": false, "_ansible_x": 1, // Ansible's own names
		}}, nil
	}
	reply, raw, _ := run(t, `{"name": "bo \ud800"}`, odd)
	assert.Equal(t, map[string]any{"ansible_type": int64(1), "text": "a\u0085b\u2028c", "big": "9223372036854775808"}, reply["thing"])
	assert.Equal(t, []any{"nan", "-inf", 1e300}, reply["numbers"])
	assert.Equal(t, "a\uFFFDb", reply["broken"])
	assert.Equal(t, "1"+strings.Repeat("0", 4300), reply["long"])
	assert.Equal(t, "bo \uFFFD", reply["invocation"].(map[string]any)["module_args"].(map[string]any)["name"])
	assert.NotRegexp(t, `[^\x00-\x7f]|NaN`, raw)
	assert.NotContains(t, reply, "results")
	assert.NotContains(t, reply, "skipped")
	assert.Equal(t, true, reply["changed"])
	require.Len(t, reply["warnings"], 4)
	assert.Equal(t, "the value _ansible_x is left out of the result: the name has a meaning to Ansible; this is a defect of the module, please report it", reply["warnings"].([]any)[0])
}

func TestFactsGoToAnsiblesFacts(t *testing.T) {
	reply, _, _ := run(t, `{"name": "bo"}`, func(context.Context, greeting, Mode) (Result, error) {
		return Result{Facts: map[string]any{"cluster_version": "1.36"}}, nil
	})
	assert.Equal(t, map[string]any{"cluster_version": "1.36"}, reply["ansible_facts"])
}

func TestOptionsNamedLikeAPasswordMustSayWhetherTheyAreSecret(t *testing.T) {
	spec := Spec{Options: []Option{{Name: "db_password", Aliases: []string{"pass"}}, {Name: "password_file", NoLog: NotSecret}, {Name: "compass"}}}
	valid := spec.Validate(toPython(map[string]any{"pass": "x"}).(*Object), testEnv)
	assert.Equal(t, []string{"Module did not set no_log for db_password", "Module did not set no_log for pass"}, spec.suspects(valid.Params))
}

func TestArgumentsThatCannotBeReadAreAResult(t *testing.T) {
	for args, msg := range map[string]string{
		`{"name": `: "read the arguments: standard input: line 1 column 10: expecting value; a JSON object is wanted",
		`[1]`:       "read the arguments: standard input: is a list; a JSON object is wanted",
	} {
		reply, _, code := run(t, args, succeed)
		assert.Equal(t, 1, code)
		assert.Equal(t, msg, reply["msg"])
	}
	reply, _, _ := run(t, `{"name": "bo", "times": 99999999999999999999}`, succeed)
	assert.Equal(t, "option times: 99999999999999999999 is too large", reply["msg"])
}

// interrupt runs the work under a signal that comes after a second.
func interrupt(do Run[greeting]) (Result, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(time.Second, func() { cancel(errors.New("signal SIGTERM")) })
	return process{grace: grace}.attempt(ctx, work(do), NewObject(), Mode{}, startProgress("", nil))
}

func TestASignalLetsTheWorkEndAndNamesWhatWasLastSeen(t *testing.T) {
	for _, c := range []struct {
		name string
		err  func(ctx context.Context) error
		want string
	}{
		{"an error of the module's own", func(context.Context) error { return errors.New("create cluster: stopped; look at it") },
			"interrupted by signal SIGTERM, last seen 1/3 nodes: create cluster: stopped; look at it"},
		{"the context's error", func(ctx context.Context) error { return fmt.Errorf("create cluster: %w", ctx.Err()) },
			"interrupted by signal SIGTERM, last seen 1/3 nodes: create cluster: context canceled; run it again to go on"},
		{"a wait that gave up", func(ctx context.Context) error {
			return &wait.GaveUp{For: "the cluster", After: time.Second, LastSeen: "1/3 nodes", Cause: context.Cause(ctx)}
		}, "wait for the cluster: interrupted (signal SIGTERM) after 1s, last seen 1/3 nodes; run it again to go on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result, err := interrupt(func(ctx context.Context, _ greeting, _ Mode) (Result, error) {
					wait.Report(ctx, "1/3 nodes")
					<-ctx.Done()
					return Result{Changed: true, Steps: []string{"begin"}}, c.err(ctx)
				})
				assert.EqualError(t, err, c.want)
				assert.Equal(t, Result{Changed: true, Steps: []string{"begin"}}, result, "what was done is told")
			})
		})
	}
}

func TestWorkThatIsDoneAllTheSameAfterASignalIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result, err := interrupt(func(ctx context.Context, _ greeting, _ Mode) (Result, error) {
			<-ctx.Done()
			return Result{Msg: "done"}, nil
		})
		require.NoError(t, err)
		assert.Equal(t, "done", result.Msg)
	})
}

func TestWorkThatDoesNotEndAfterASignalIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		_, err := interrupt(func(context.Context, greeting, Mode) (Result, error) {
			<-forever
			return Result{}, nil
		})
		close(forever)
		assert.EqualError(t, err, "interrupted by signal SIGTERM, last seen nothing yet: still busy 10s later; run it again to go on")
	})
}

func TestProgressIsInItsFileWhileTheWorkRunsAndGoneAfter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "progress")
	reply, _, _ := run(t, `{"name": "bo", "secret": "s3cr3t"}`, func(ctx context.Context, in greeting, _ Mode) (Result, error) {
		wait.Report(ctx, "waiting with %s\nlong", in.Secret)
		var text []byte
		err := wait.Until(ctx, wait.Options{For: "the file", Timeout: 10 * time.Second, Interval: time.Millisecond}, func(context.Context) (bool, string, error) {
			text, _ = os.ReadFile(file)
			return strings.Contains(string(text), "waiting"), "", nil
		})
		info, _ := os.Stat(file)
		return Result{Msg: string(text) + info.Mode().String()}, err
	}, "--progress", file)
	assert.Equal(t, fmt.Sprintf("%d waiting with ******** long -rw-------", os.Getpid()), reply["msg"])
	assert.NoFileExists(t, file)
}

// Nothing marks an option whose value is a URL as a secret, and all options are told again as the invocation.
func TestPasswordsInURLsAreSecrets(t *testing.T) {
	reply, _, _ := run(t, `{"name": "from http://u:p%40ss-word@mirror/x and http://v:other-word@mirror", "_ansible_verbosity": 3}`, func(_ context.Context, in greeting, _ Mode) (Result, error) {
		return Result{Msg: in.Name + " p@ss-word", Values: map[string]any{"greeting": "see http://u@mirror:80/a@b"}}, nil
	})
	assert.Equal(t, "from http://u:********@mirror/x and http://v:********@mirror ********", reply["msg"])
	assert.Equal(t, "see http://u@mirror:80/a@b", reply["greeting"])
	assert.NotContains(t, fmt.Sprint(reply), "word")
}

func TestTheTasksEnvironmentComesWithTheArguments(t *testing.T) {
	t.Setenv("GREETING", "")
	reply, _, _ := run(t, `{"name": "bo", "_ansible_environment": {"GREETING": "a 'b'\nc"}}`, func(context.Context, greeting, Mode) (Result, error) {
		return Result{Values: map[string]any{"greeting": os.Getenv("GREETING")}}, nil
	})
	assert.Equal(t, "a 'b'\nc", reply["greeting"])
	reply, _, code := run(t, `{"name": "bo", "_ansible_environment": {"A=B": "c"}}`, succeed)
	assert.Equal(t, 1, code)
	assert.Equal(t, `set the task's environment: "A=B": setenv: invalid argument`, reply["msg"])
}

func TestTheControllersClockComesWithTheArguments(t *testing.T) {
	tell := func(_ context.Context, _ greeting, mode Mode) (Result, error) {
		return Result{Values: map[string]any{"greeting": mode.Sent.UTC().Format(time.RFC3339Nano), "unknown": mode.Sent.IsZero()}}, nil
	}
	reply, _, _ := run(t, `{"name": "bo", "_ansible_sent_ms": 1796000000250}`, tell)
	assert.Equal(t, "2026-11-30T00:53:20.25Z", reply["greeting"])
	reply, _, _ = run(t, `{"name": "bo"}`, tell)
	assert.Equal(t, true, reply["unknown"])
}

func TestByHand(t *testing.T) {
	ask := func(args ...string) (string, string, int) {
		var out, complaints bytes.Buffer
		code := process{args: args, stdout: &out, stderr: &complaints, settle: unsettled}.main(greet, nil)
		return out.String(), complaints.String(), code
	}
	out, _, code := ask("--help")
	assert.Zero(t, code)
	assert.Contains(t, out, "* name (str)\n        Whom to greet.\n")
	assert.Contains(t, out, "  times (int, default 1, also called count)\n")
	out, _, _ = ask("--version")
	assert.Equal(t, "greet development\n", out)
	out, _, _ = ask("--spec")
	assert.Contains(t, out, `"argument_spec": {"name": {"description": ["Whom to greet."], "type": "str", "required": true}`)
	_, complaint, code := ask()
	assert.Equal(t, 2, code)
	assert.Equal(t, "greet: an Ansible module, it wants one file with arguments; greet --help shows how it is called\n", complaint)
	_, complaint, code = ask("--wrong")
	assert.Equal(t, 2, code)
	assert.Equal(t, "greet: unknown flag: --wrong; greet --help shows how it is called\n", complaint)
}
