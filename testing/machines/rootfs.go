package machines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/internal/wait"
)

const suite = "bookworm"

// packages are what is on a machine besides Debian's smallest; the last four are for pods, which the k3s of the tests runs with them.
var packages = []string{
	"systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "iproute2", "ca-certificates",
	"containerd", "runc", "containernetworking-plugins", "iptables",
}

// Admin may become root with the password, Deployer without.
const (
	Admin         = "admin"
	AdminPassword = "correct horse"
	Deployer      = "deployer"
)

// sudoers gives both users of the tests their rights.
const sudoers = "admin ALL=(ALL) ALL\ndeployer ALL=(ALL) NOPASSWD: ALL\n"

// writableCgroups lets a machine make cgroups of its own (a kubelet does): systemd-nspawn leaves the controllers of version 1 for reading.
const writableCgroups = `[Unit]
Description=Writable cgroup controllers
DefaultDependencies=no
Before=sysinit.target
ConditionPathExists=!/sys/fs/cgroup/cgroup.controllers

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*/cgroup.procs; do mount -o remount,bind,rw "$${c%%/cgroup.procs}" || exit; done'

[Install]
WantedBy=sysinit.target
`

const sshConfiguration = `HostKey /etc/ssh/host_key
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys
UseDNS no
`

// rootFileSystem gives the folder that all machines share for reading.
func rootFileSystem(ctx context.Context) (string, error) {
	return Cached(ctx, edition(), makeRootFileSystem)
}

// Cached gives what lies under a name in .cache/machines of the repository. The first time it is made there; another process that makes
// something is waited for.
func Cached(ctx context.Context, name string, make func(ctx context.Context, path string) error) (string, error) {
	cache, err := cacheFolder(ctx)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, name)
	lock, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	o := wait.Options{For: "another process that makes " + cache, Timeout: 10 * time.Minute, Interval: 100 * time.Millisecond}
	err = wait.Until(ctx, o, func(context.Context) (bool, string, error) {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		return err == nil, "", ignore(err, syscall.EWOULDBLOCK)
	})
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	return path, make(ctx, path)
}

// edition is another for each other content.
func edition() string {
	sum := sha256.Sum256([]byte(strings.Join(append(packages, suite, Admin, AdminPassword, Deployer, sudoers, writableCgroups, sshConfiguration), "\n")))
	return hex.EncodeToString(sum[:6])
}

func cacheFolder(ctx context.Context) (string, error) {
	file, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: go env GOMOD: %w", err)
	}
	path := filepath.Join(filepath.Dir(strings.TrimSpace(string(file))), ".cache", "machines")
	return path, os.MkdirAll(path, 0o755)
}

func makeRootFileSystem(ctx context.Context, path string) error {
	fmt.Fprintln(os.Stderr, "machines: making Debian's root file system, which takes a minute")
	new := path + ".new"
	if err := Debian(ctx, new, packages...); err != nil {
		return err
	}
	err := commands(ctx,
		"chroot "+new+" useradd --create-home --shell /bin/bash "+Admin,
		"chroot "+new+" useradd --create-home --shell /bin/bash "+Deployer,
	)
	if err != nil {
		return fmt.Errorf("make Debian's root file system: %w", err)
	}
	password := host.Command{Words: []string{"chroot", new, "chpasswd"}, Stdin: strings.NewReader(Admin + ":" + AdminPassword + "\n")}
	if _, err := (host.Local{}).Run(ctx, password); err != nil {
		return err
	}
	if err := configure(ctx, new); err != nil {
		return err
	}
	return os.Rename(new, path)
}

// Debian makes a folder anew with the smallest Debian and these packages.
func Debian(ctx context.Context, folder string, packages ...string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return commands(ctx, "debootstrap --variant=minbase --include="+strings.Join(packages, ",")+" "+suite+" "+folder+" "+mirror(ctx))
}

// configure makes of any Debian one for the tests. Each disk gets host keys of its own.
func configure(ctx context.Context, root string) error {
	keys, err := filepath.Glob(root + "/etc/ssh/ssh_host_*")
	if err != nil {
		return err
	}
	for _, path := range append(keys, root+"/var/cache/apt/archives", root+"/var/lib/apt/lists") {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	for _, f := range []host.File{
		host.Text(root+"/etc/sudoers.d/tests", 0o440, sudoers),
		host.Text(root+"/etc/systemd/system/writable-cgroups.service", 0o644, writableCgroups),
		host.Text(root+"/etc/ssh/sshd_config.d/tests.conf", 0o644, sshConfiguration),
	} {
		if _, err := (host.Local{}).Write(ctx, f); err != nil {
			return err
		}
	}
	return commands(ctx,
		"systemctl --root="+root+" enable --quiet writable-cgroups.service",
		"systemctl --root="+root+" disable --quiet containerd.service", // k3s starts its own
	)
}

// mirror is where apt gets this Debian from, if it does; else it is debootstrap's own.
func mirror(ctx context.Context) string {
	out, err := host.Local{}.Run(ctx, host.Words("apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: "+suite, "Created-By: Packages"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(out.Stdout, "\n")
	return first
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
