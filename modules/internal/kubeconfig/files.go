package kubeconfig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/metal-stack/initial-cluster/internal/file"
)

// storedKey is where credentials that were given inline are kept for a cluster.
func storedKey(kubeconfig, name string) string { return kubeconfig + "." + name + ".json" }

// programPath is where the copy of this program is kept, for all kubeconfigs of the user. It does not change with the version: kubeconfigs
// name it. https://specifications.freedesktop.org/basedir-spec
func programPath() (string, error) {
	folder := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(folder) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find a place for the credential plugin: %w; set XDG_DATA_HOME", err)
		}
		folder = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(folder, "metalstack.initial_cluster", "gke-credential"), nil
}

// kept is a file that is to be there with this content and mode, or with no content, not to be there.
type kept struct {
	what, path  string
	content     []byte
	mode        fs.FileMode
	steps       []string
	was, willBe string
}

const (
	program = "the credential plugin"
	key     = "the credentials"
)

func (p *Plan) addProgram(path string) error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("read this program: %w", err)
	}
	return p.addFile(kept{what: program, path: path, content: self, mode: 0o700})
}

func (p *Plan) addKey(path string, content []byte) error {
	return p.addFile(kept{what: key, path: path, content: content, mode: 0o600})
}

func (p *Plan) addRemoval(path string) error { return p.addFile(kept{what: key, path: path}) }

func (p *Plan) addFile(k kept) error {
	if err := k.plan(); err != nil {
		return fmt.Errorf("look at %s in %s: %w; correct that and run it again", k.what, k.path, file.Cause(err))
	}
	if k.was != "" || k.willBe != "" {
		p.add(&k)
	}
	return nil
}

func (k *kept) plan() error {
	content, mode, err := k.read()
	if err != nil {
		return err
	}
	there, wanted := content != nil, k.content != nil
	if there {
		k.was = state(content, mode)
	}
	if wanted {
		k.willBe = state(k.content, k.mode)
	}
	switch {
	case wanted && !there:
		k.steps = []string{"store " + k.what + " in " + k.path}
	case wanted && !bytes.Equal(content, k.content):
		k.steps = []string{"replace " + k.what + " in " + k.path}
	case wanted && mode != k.mode:
		k.steps = []string{fmt.Sprintf("make %s its owner's alone, it has mode %04o", k.path, mode)}
	case !wanted && there:
		k.steps = []string{"remove " + k.what + " in " + k.path}
	}
	return nil
}

func (k *kept) read() ([]byte, fs.FileMode, error) {
	info, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	content, err := os.ReadFile(k.path)
	return content, info.Mode().Perm(), err
}

// state says what lies in a file and who may use it. A hash tells nothing of a key or a program.
func state(content []byte, mode fs.FileMode) string {
	return fmt.Sprintf("sha256 %.6x, mode %04o", sha256.Sum256(content), mode)
}

func (k *kept) Steps() []string { return k.steps }

func (k *kept) Diff() (before, after any) {
	return map[string]any{k.path: k.was}, map[string]any{k.path: k.willBe}
}

func (k *kept) Apply(context.Context) error {
	if len(k.steps) == 0 {
		return nil
	}
	done := k.steps
	k.steps = nil
	var err error
	if k.content != nil {
		err = file.Replace(k.path, k.content, k.mode)
	} else if err = os.Remove(k.path); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("%w; correct that and run it again", err)
	}
	k.steps = done
	return nil
}
