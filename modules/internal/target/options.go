// Package target is the option ssh, by which a module on the controller is told to work on another host, and its way into package host.
package target

import "github.com/metal-stack/initial-cluster/internal/ansible"

// Option is the option; a module appends it to its own. Without it the module works on the host it runs on.
func Option() ansible.Option {
	return ansible.Option{
		Name: "ssh", Type: ansible.Dict, Options: append(reach(), login()...),
		Description: []string{
			"Work on another host over SSH, from the host where the task runs (with C(delegate_to=localhost), the controller). " +
				"Without, the module works on the host where it runs.",
			"The host's key is checked always. Of C(~/.ssh/config) nothing is read.",
		},
	}
}

func reach() []ansible.Option {
	return []ansible.Option{
		{Name: "host", Required: true, Description: []string{"Its name or address."}},
		{Name: "port", Type: ansible.Int, Default: 22, Description: []string{"Its port."}},
		{
			Name: "known_hosts", Type: ansible.List, Elements: ansible.Path, Default: []any{"~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"},
			Description: []string{
				"Files with the keys of hosts, as OpenSSH has them: hashed names, C(@cert-authority) and C(@revoked) count. One that is missing knows nobody.",
				"A host that none of them knows, or that shows another key, is refused.",
			},
		},
		{
			Name: "jump", Type: ansible.List, Elements: ansible.Str,
			Description: []string{
				"Hosts to go over, in order, each as V(user@host:port); user and port may be left out.",
				"Keys, certificates and O(ssh.known_hosts) count for them, too.",
			},
		},
		{
			Name: "connect_timeout", Type: ansible.Int, Default: 10,
			Description: []string{"How many seconds it may take until one is logged in, all jump hosts included."},
		},
		{
			Name: "silence_timeout", Type: ansible.Int, Default: 15,
			Description: []string{
				"After how many seconds without a sign of life the connection is given up. The host is asked for one after a third of it.",
			},
		},
	}
}

func login() []ansible.Option {
	return []ansible.Option{
		{Name: "user", Description: []string{"Who to log in as. Without, who runs the module."}},
		{
			Name: "key_file", Type: ansible.Path, NoLog: ansible.NotSecret,
			Description: []string{
				"The private key to log in with, and no other. Without, those of the agent, then C(id_ed25519), C(id_ecdsa) and C(id_rsa) in C(~/.ssh).",
			},
		},
		{
			Name: "passphrase", NoLog: ansible.Secret,
			Description: []string{"The passphrase of O(ssh.key_file). It is not needed if the agent holds that key."},
		},
		{
			Name: "certificate_file", Type: ansible.Path,
			Description: []string{"A certificate of O(ssh.key_file). Without, the file beside it whose name ends in C(-cert.pub), if there is one."},
		},
		{
			Name: "agent", Type: ansible.Bool, Default: true,
			Description: []string{"Whether to ask the SSH agent that E(SSH_AUTH_SOCK) leads to for keys, if it is set."},
		},
		{
			Name: "sudo", Type: ansible.Bool, Default: false,
			Description: []string{"Whether to become root by C(sudo) for everything. Without O(ssh.sudo_password), sudo must not ask for one."},
		},
		{Name: "sudo_password", NoLog: ansible.Secret, Description: []string{"What sudo wants to know. It is given on standard input."}},
	}
}
