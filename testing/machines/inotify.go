package machines

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// inotifyInstances is how many users of inotify the kernel must allow root. systemd, containerd and kubelet of a machine take some twenty, and
// all machines share what the kernel allows by default, 128. Without, machines do not boot and kubelets end.
const (
	inotifyInstances = 1024
	inotifyLimit     = "/proc/sys/fs/inotify/max_user_instances"
)

// raiseInotify raises the kernel's limit if it is lower. It stays raised: other tests may rely on it by then.
func raiseInotify() error {
	content, err := os.ReadFile(inotifyLimit)
	if err != nil {
		return err
	}
	now, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || now >= inotifyInstances {
		return err
	}
	if err := os.WriteFile(inotifyLimit, []byte(strconv.Itoa(inotifyInstances)), 0o644); err != nil {
		return fmt.Errorf("allow more users of inotify: %w; sysctl fs.inotify.max_user_instances=%d", err, inotifyInstances)
	}
	return nil
}
