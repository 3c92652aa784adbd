// Package payload lays out data/<hash>/bin, where k3s unpacks the programs that it carries. The stand-in carries none: its folder leads to
// k3s itself and to what the machine has, under the paths by which k3s' own processes are known, as containerd's shims are to killall.
package payload

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/stamp"
)

// CNI is where Debian's package puts the plugins for the network of pods.
const CNI = "/usr/lib/cni"

var (
	own     = []string{"k3s", "kubectl", "kubelet", "kube-proxy"}
	foreign = []string{"containerd", "containerd-shim-runc-v2", "runc", "ctr"}
)

// Unpack makes the folder of this version if it is missing, and puts it first in PATH. The folder of the version before stays.
func Unpack(dataDir string) error {
	data := filepath.Join(dataDir, "data")
	folder := filepath.Join(data, fmt.Sprintf("%x", sha256.Sum256([]byte(stamp.Version()))))
	bin := filepath.Join(folder, "bin")
	if _, err := os.Stat(bin); errors.Is(err, fs.ErrNotExist) {
		logrus.Infof("Acquiring lock file %s", filepath.Join(data, ".lock"))
		logrus.Infof("Preparing data dir %s", folder)
		if err := fill(bin); err != nil {
			return err
		}
	}
	if err := current(data, folder); err != nil {
		return err
	}
	return os.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func fill(bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	for _, name := range own {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	for _, name := range foreign {
		path, err := exec.LookPath(name)
		if err != nil {
			continue // the machine runs no pods
		}
		if err := duplicate(path, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	return nil
}

// duplicate gives a program another path, which a symbolic link would not: containerd looks for its shim where it lies itself.
func duplicate(from, to string) error {
	resolved, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	if os.Link(resolved, to) == nil {
		return nil
	}
	content, err := os.ReadFile(resolved)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

// current points data/current at the folder, and data/previous at the one before.
func current(data, folder string) error {
	link := filepath.Join(data, "current")
	before, err := os.Readlink(link)
	if err == nil && before == folder {
		return nil
	}
	if err == nil {
		if err := relink(before, filepath.Join(data, "previous")); err != nil {
			return err
		}
	}
	return relink(folder, link)
}

func relink(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
