package node

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/yaml"

	"github.com/metal-stack/initial-cluster/testing/kube/k3s/payload"
)

const (
	containerdState  = "/run/k3s/containerd"
	containerdSocket = containerdState + "/containerd.sock"
)

// startContainerd runs Debian's containerd in k3s' folders and at its socket, and gives it the images that lie on disk.
func (a *Agent) startContainerd(ctx context.Context) error {
	if err := a.writeContainerdConfig(); err != nil {
		return err
	}
	if err := os.MkdirAll(containerdState, 0o711); err != nil {
		return err
	}
	config := a.settings.AgentDir("etc", "containerd", "config.toml")
	path := a.settings.AgentDir("containerd", "containerd.log")
	logrus.Infof("Logging containerd to %s", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return err
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer log.Close()
	logrus.Infof("Running containerd -c %s", config)
	if err := start("containerd", exec.Command("containerd", "-c", config), log); err != nil {
		return err
	}
	for ctr(nil, "version") != nil {
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	logrus.Info("containerd is now running")
	return a.importImages()
}

// ctr runs containerd's own client.
func ctr(input io.Reader, words ...string) error {
	command := exec.Command("ctr", append([]string{"--address=" + containerdSocket, "--namespace=k8s.io"}, words...)...)
	command.Stdin = input
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}

func (a *Agent) writeContainerdConfig() error {
	mirrors, err := a.mirrors()
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  enable_selinux = %t
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
`, a.settings.AgentDir("containerd"), containerdState, containerdSocket, a.settings.PauseImage, a.settings.SELinux, payload.CNI,
		a.settings.AgentDir("etc", "cni", "net.d"), mirrors)
	if snapshotter() {
		text = strings.Replace(text, `"native"`, `"overlayfs"`, 1)
	}
	return write(a.settings.AgentDir("etc", "containerd", "config.toml"), []byte(text))
}

// snapshotter tells whether the data lies where overlays can.
func snapshotter() bool {
	content, err := os.ReadFile("/proc/self/mounts")
	return err == nil && !strings.HasPrefix(string(content), "overlay / ")
}

// mirrors writes what registries.yaml says of mirrors as containerd reads it, and gives the folder. The file is read at the start only.
func (a *Agent) mirrors() (string, error) {
	dir := a.settings.AgentDir("etc", "containerd", "certs.d")
	content, err := os.ReadFile(a.settings.PrivateRegistry)
	if errors.Is(err, os.ErrNotExist) {
		return dir, os.RemoveAll(dir)
	}
	if err != nil {
		return "", err
	}
	var file struct {
		Mirrors map[string]struct {
			Endpoint []string `json:"endpoint"`
		} `json:"mirrors"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return "", fmt.Errorf("failed to parse %s: %w", a.settings.PrivateRegistry, err)
	}
	for name, mirror := range file.Mirrors {
		var text strings.Builder
		for _, endpoint := range mirror.Endpoint {
			fmt.Fprintf(&text, "[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
		}
		if err := write(filepath.Join(dir, name, "hosts.toml"), []byte(text.String())); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// importImages gives containerd the pause image and all image files of agent/images.
func (a *Agent) importImages() error {
	pause, err := pauseImage(a.settings.PauseImage)
	if err != nil {
		return err
	}
	if err := ctr(pause, "images", "import", "-"); err != nil {
		return err
	}
	found, err := filepath.Glob(a.settings.AgentDir("images", "*.tar*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		begun := time.Now()
		if err := importFile(path); err != nil {
			logrus.Errorf("Unable to import images from %s: %v", path, err)
			continue
		}
		logrus.Infof("Imported images from %s in %s", path, time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

func importFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var content io.Reader = file
	switch filepath.Ext(path) {
	case ".gz":
		if content, err = gzip.NewReader(file); err != nil {
			return err
		}
	case ".tar":
	default:
		return fmt.Errorf("%s files cannot be read by the k3s of the tests", filepath.Ext(path))
	}
	return ctr(content, "images", "import", "-")
}
