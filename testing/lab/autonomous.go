package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/testing/k3stest"
)

// autonomous is how the option autonomous is made.
type autonomous struct {
	nodes int
	real  bool // k3s from its own place instead of that of the tests
}

// autonomousCluster is the name of the cluster of that option.
const autonomousCluster = "initial"

// realVersion is the release of k3s itself that the lab runs.
const realVersion = "v1.35.4+k3s1"

func (o autonomous) check() error {
	if o.nodes == 2 || o.nodes < 1 {
		return fmt.Errorf("%d nodes: one or three are wanted, or more", o.nodes)
	}
	if os.Geteuid() != 0 {
		return errors.New("option autonomous makes machines, which only root can; run it as root")
	}
	return nil
}

func (o autonomous) version() string {
	if o.real {
		return realVersion
	}
	return k3stest.Versions[0]
}

// upAutonomous starts machines unless they run, makes one cluster of them and shows it.
func (l lab) upAutonomous(ctx context.Context, o autonomous) error {
	if err := o.check(); err != nil {
		return err
	}
	begin := time.Now()
	lock, err := l.exclusive()
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := l.claim(o); err != nil {
		return err
	}
	if err := l.start(ctx); err != nil {
		return err
	}
	s, err := l.site()
	if err != nil {
		return err
	}
	a, err := l.addresses()
	if err != nil {
		return err
	}
	if err := l.writeAutonomous(a, s, o); err != nil {
		return err
	}
	fmt.Printf("lab: machines (%d) are up, %s\n\n", len(s.Machines), time.Since(begin).Round(100*time.Millisecond))
	if err := l.playAutonomous(ctx); err != nil {
		return err
	}
	return l.showAutonomous(ctx, a, s, begin)
}

// claim keeps how the lab is made in its folder, for the serving process and for later commands.
func (l lab) claim(o autonomous) error {
	before, isAutonomous, err := l.lastAutonomous()
	if err != nil {
		return err
	}
	_, noLab := os.Stat(l.path("daemon.json"))
	if noLab == nil && (!isAutonomous || before != o) {
		return errors.New("the lab runs for something else; make down first")
	}
	return replace(l.path("autonomous"), fmt.Appendf(nil, "%d %t\n", o.nodes, o.real))
}

// lastAutonomous is how the lab was made; found is false if it is of another option.
func (l lab) lastAutonomous() (o autonomous, found bool, err error) {
	content, err := os.ReadFile(l.path("autonomous"))
	if errors.Is(err, fs.ErrNotExist) {
		return o, false, nil
	}
	if err == nil {
		_, err = fmt.Sscan(string(content), &o.nodes, &o.real)
	}
	return o, err == nil, err
}

func (l lab) site() (site, error) {
	var s site
	content, err := os.ReadFile(l.path("site.json"))
	if err == nil {
		err = json.Unmarshal(content, &s)
	}
	return s, err
}

func (l lab) autonomousVariables() []string {
	return []string{
		"SSL_CERT_FILE=" + l.caFile(), "KUBECONFIG=" + l.kubeconfig(autonomousCluster), "ANSIBLE_CONFIG=" + filepath.Join(l.top, "ansible.cfg"), "ANSIBLE_INVENTORY=" + l.path("inventory"),
		"PATH=" + l.path("bin") + ":" + filepath.Join(l.top, ".cache/venv/bin") + ":" + os.Getenv("PATH"),
	}
}

// writeAutonomous writes the inventory of the machines, and what a person needs to use the lab.
func (l lab) writeAutonomous(a addresses, s site, o autonomous) error {
	hosts := "---\nk3s_servers:\n  hosts:\n"
	for _, m := range s.Machines {
		hosts += fmt.Sprintf("    %s:\n      ansible_host: %s\n", m.Name, m.Address)
	}
	var shell strings.Builder
	fmt.Fprintf(&shell, "# For a shell that is to use the lab: . %s\n", l.path("environment"))
	for _, variable := range l.autonomousVariables() {
		key, value, _ := strings.Cut(variable, "=")
		rest := ""
		if key == "PATH" {
			value, rest = strings.TrimSuffix(value, os.Getenv("PATH")), `"$PATH"`
		}
		fmt.Fprintf(&shell, "export %s=%s%s\n", key, quote(value), rest)
	}
	minimal, err := os.ReadFile(filepath.Join(l.top, "docs/minimal-control-plane.yaml"))
	if err != nil {
		return err
	}
	variables := l.path("inventory", "group_vars", "all")
	return l.writeFiles(map[string]string{
		l.path("environment"): shell.String(), l.path("inventory", "hosts.yaml"): hosts,
		// Of two files the later one counts.
		filepath.Join(variables, "1-control-plane.yaml"): l.placed(a, deployment), filepath.Join(variables, "2-minimal.yaml"): string(minimal),
		filepath.Join(variables, "3-machines.yaml"): l.machineVariables(a, s, o),
	})
}

// machineVariables are what a deployment sets, for machines that are small and have no package sources.
func (l lab) machineVariables(a addresses, s site, o autonomous) string {
	var b strings.Builder
	b.WriteString("---\n")
	for _, variable := range [][2]string{
		{"ansible_user", "root"}, {"ansible_ssh_private_key_file", quote(s.Key)}, {"ansible_python_interpreter", "/usr/bin/python3"},
		{"ansible_ssh_common_args", quote("-F none -o UserKnownHostsFile=" + s.KnownHosts + " -o IdentitiesOnly=yes")},
		{"k3s_version", o.version()}, {"k3s_token", "of-the-lab"}, {"k3s_kubeconfig", quote(l.kubeconfig(autonomousCluster))},
		{"k3s_cluster_name", autonomousCluster}, {"k3s_download_url", s.Releases + "/k3s-io/k3s/releases/download"}, {"k3s_download_images", fmt.Sprint(o.real)},
		{"k3s_load_balancer", "kube-vip"}, {"k3s_api_address", s.Address},
		{"k3s_registries", fmt.Sprintf("{mirrors: {%q: {endpoint: [%q]}, docker.io: {endpoint: [%[2]q]}, ghcr.io: {endpoint: [%[2]q]}}}", a.Registry, s.Images)},
		{"k3s_prepare_cores", "1"}, {"k3s_prepare_memory_gb", "1"}, {"k3s_prepare_disks", "0"}, {"k3s_prepare_time_sync", "false"}, {"k3s_prepare_max_clock_skew", "300"}, // a busy host takes long to ask
		{"k3s_prepare_packages", "[]"}, {"k3s_prepare_sysctl", "{}"}, {"k3s_prepare_kernel_modules", "[overlay]"},
	} {
		fmt.Fprintf(&b, "%s: %s\n", variable[0], variable[1])
	}
	return b.String()
}

func (l lab) autonomousEnvironment() []string {
	kept := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "KUBECONFIG=") })
	return append(kept, l.autonomousVariables()...)
}

func (l lab) playAutonomous(ctx context.Context) error {
	const file = "playbooks/autonomous.yml"
	command := exec.CommandContext(ctx, filepath.Join(l.top, ".cache/venv/bin/ansible-playbook"), file)
	// Ctrl-C at a terminal reaches Ansible by itself; it ends what it runs and tells so.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	command.Dir, command.Env = l.top, l.autonomousEnvironment()
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	fmt.Printf("$ ansible-playbook -i %s %s\n", l.shown(l.path("inventory")), file)
	if err := command.Run(); err != nil {
		return fmt.Errorf("ansible-playbook %s: %w; what failed stands above, and the machines go on running: make up again, or make down", file, err)
	}
	return nil
}

// showAutonomous shows the cluster, asked from this host with the kubeconfig that the playbook wrote, and what runs on it.
func (l lab) showAutonomous(ctx context.Context, a addresses, s site, begin time.Time) error {
	seen, err := l.look(ctx, a, autonomousCluster)
	if err != nil {
		return err
	}
	fmt.Printf("The initial cluster answers, %s after the start.\n", time.Since(begin).Round(time.Second))
	if err := l.showCluster(seen); err != nil {
		return err
	}
	first := s.Machines[0]
	return table([][]string{
		{""},
		{"metal-api", l.health(ctx, a)},
		{"look further", ". " + l.shown(l.path("environment")) + "; kubectl get pods --all-namespaces --output wide"},
		{"log in", fmt.Sprintf("ssh -i %s -o UserKnownHostsFile=%s root@%s", l.shown(s.Key), l.shown(s.KnownHosts), first.Address)},
		{"remove all", "make down"},
	})
}

// statusAutonomous shows the lab and, once the playbook has made it, the cluster.
func (l lab) statusAutonomous(ctx context.Context) error {
	s, err := l.site()
	if err != nil {
		return err
	}
	d, err := l.daemon()
	if err != nil {
		return err
	}
	fmt.Printf("Machines run since %s, %d of them.\n\n", d.Started.Format(time.DateTime), len(s.Machines))
	if _, err := os.Stat(l.kubeconfig(autonomousCluster)); errors.Is(err, fs.ErrNotExist) {
		fmt.Println("There is no cluster; make up OPTION=autonomous makes it.")
		return nil
	}
	a, err := l.addresses()
	if err != nil {
		return err
	}
	return l.showAutonomous(ctx, a, s, d.Started)
}
