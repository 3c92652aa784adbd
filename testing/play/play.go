// Package play runs the real ansible-playbook on a collection, away from the settings and files of whoever runs the tests.
package play

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/metal-stack/initial-cluster/internal/host"
	"github.com/metal-stack/initial-cluster/testing/sshd"
)

// Controller is a place to run Ansible from.
type Controller struct {
	Folder      string // its home; short, for the sockets of SSH in it
	Collections string // the folder that holds ansible_collections
	Python      string // of a virtual environment with what Ansible needs
	Tree        string // Ansible itself, if not the one of the virtual environment
	inventory   strings.Builder
	groups      strings.Builder
}

// Local adds a host that is this machine itself.
func (c *Controller) Local(name string, variables ...string) {
	c.add(name, append(variables, "ansible_connection=local")...)
}

// SSH adds a host that is this machine, reached over SSH at the port.
func (c *Controller) SSH(name string, server *sshd.Server, port int, variables ...string) {
	options := fmt.Sprintf("-F none -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes", server.KnownHosts)
	if os.Getuid() != 0 {
		variables = append(variables, "ansible_ssh_use_tty=false") // a server of a user may not give terminals away everywhere
	}
	c.add(name, append(variables,
		"ansible_host=127.0.0.1", fmt.Sprintf("ansible_port=%d", port), "ansible_user="+server.User,
		"ansible_ssh_private_key_file="+server.Key, "ansible_ssh_common_args='"+options+"'")...)
}

// Remote adds another machine, reached over SSH as the options say.
func (c *Controller) Remote(name string, o host.Options, variables ...string) {
	options := fmt.Sprintf("-F none -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes", o.KnownHosts[0])
	c.add(name, append(variables, "ansible_host="+o.Host, "ansible_user="+o.User, "ansible_ssh_private_key_file="+o.KeyFile, "ansible_ssh_common_args='"+options+"'")...)
}

// Group makes hosts that were added a group.
func (c *Controller) Group(name string, hosts ...string) {
	fmt.Fprintf(&c.groups, "[%s]\n%s\n", name, strings.Join(hosts, "\n"))
}

func (c *Controller) add(name string, variables ...string) {
	fmt.Fprintf(&c.inventory, "%s ansible_python_interpreter=/usr/bin/python3 %s\n", name, strings.Join(variables, " "))
}

//go:embed callbacks
var callbacks embed.FS

// A Run is a playbook that is run.
type Run struct {
	*exec.Cmd
}

// Playbook prepares a run of the playbook, whose text is given.
func (c *Controller) Playbook(ctx context.Context, playbook string, arguments ...string) (*Run, error) {
	folder, err := os.MkdirTemp(c.Folder, "")
	if err != nil {
		return nil, err
	}
	for name, content := range map[string]string{"inventory": c.inventory.String() + c.groups.String(), "play.yml": playbook} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	if err := os.CopyFS(folder, callbacks); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.Python, append([]string{"-m", "ansible", "playbook", "-i", "inventory", "play.yml"}, arguments...)...)
	cmd.Dir = folder
	cmd.Env = []string{
		"PATH=" + filepath.Dir(c.Python) + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + c.Folder, "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1",
		"PYTHONPATH=" + c.Tree, "PYTHONWARNINGS=ignore", "ANSIBLE_COLLECTIONS_PATH=" + c.Collections, "ANSIBLE_LOCALHOST_WARNING=0",
		"ANSIBLE_DEPRECATION_WARNINGS=0", "ANSIBLE_TIMEOUT=20",
		"ANSIBLE_CALLBACK_PLUGINS=" + filepath.Join(folder, "callbacks"), "ANSIBLE_CALLBACKS_ENABLED=record", "RECORD=" + filepath.Join(folder, "record"),
	}
	return &Run{cmd}, nil
}

// Result is that of a task on a host, and when it came.
type Result struct {
	Host   string
	At     float64        // seconds on a clock of its own
	Values map[string]any `json:"result"`
}

// Results are those of the tasks so far, in the order in which they ended.
func (r *Run) Results() ([]Result, error) {
	record, err := os.Open(filepath.Join(r.Dir, "record"))
	if err != nil {
		return nil, err
	}
	defer record.Close()
	var results []Result
	for decoder := json.NewDecoder(record); decoder.More(); {
		var result Result
		if err := decoder.Decode(&result); err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// Disconnect ends the SSH connections that were kept open for later runs.
func (c *Controller) Disconnect() error {
	sockets, err := filepath.Glob(filepath.Join(c.Folder, ".ansible/cp/*"))
	for _, socket := range sockets {
		_ = exec.Command("ssh", "-F", "none", "-o", "ControlPath="+socket, "-O", "exit", "none").Run() // it may have ended by itself
	}
	return err
}
