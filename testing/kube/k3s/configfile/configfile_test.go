package configfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func arguments(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings, err := Read(filepath.Join(dir, "config.yaml"))
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, s := range settings {
		words = append(words, s.Arguments()...)
	}
	return strings.Join(words, " ")
}

func TestFilesBecomeArguments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no file is no argument":                  {nil, ""},
		"an empty file is none, too":              {map[string]string{"config.yaml": "# nothing\n"}, ""},
		"lists become one argument for each item": {map[string]string{"config.yaml": "tls-san: [a, b]\ncluster-init: true\n"}, "--tls-san=a --tls-san=b --cluster-init=true"},
		"one letter has one dash":                 {map[string]string{"config.yaml": "t: x\n"}, "-t=x"},
		"drop-ins by name, the last counts": {
			map[string]string{"config.yaml": "token: a\nnode-name: n\n", "config.yaml.d/b.YML": "token: c\n", "config.yaml.d/a.yaml": "token: b\n", "config.yaml.d/c.txt": "token: d\n", "config.yaml.d/sub/d.yaml": "token: e\n"},
			"--token=c --node-name=n",
		},
		"a + appends": {
			map[string]string{"config.yaml": "node-label: [a=1]\n", "config.yaml.d/1.yaml": "node-label+: [b=2]\n", "config.yaml.d/2.yaml": "node-label+: c=3\n"},
			"--node-label=a=1 --node-label=b=2 --node-label=c=3",
		},
		"without a + it replaces": {
			map[string]string{"config.yaml": "node-label: [a=1]\n", "config.yaml.d/1.yaml": "node-label+: [b=2]\n", "config.yaml.d/2.yaml": "node-label: [c=3]\n"},
			"--node-label=c=3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := arguments(t, c.files); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNoMappingIsRefused(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"- a\n", "a: [\n", "a: {b: c}\n"} {
		if got := arguments(t, map[string]string{"config.yaml": content}); !strings.HasPrefix(got, "failed to parse ") {
			t.Errorf("%q gave %s", content, got)
		}
	}
}
