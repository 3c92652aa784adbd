package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metal-stack/initial-cluster/testing/play"
	"github.com/metal-stack/initial-cluster/testing/sshd"
)

// python is the module that ours are measured against: it is as empty as can be.
const python = `#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({}).exit_json()
`

const later = 15 // calls of each module after the first

// targets are the shares of Python's time that a later call may take.
var targets = map[string]float64{"local": 0.2, "ssh": 0.2, "slow": 0.5}

// measureAll prints what a task costs on every kind of connection.
func measureAll(ctx context.Context, c *play.Controller, server *sshd.Server, link net.Listener, modules []string) error {
	port := link.Addr().(*net.TCPAddr).Port
	if err := server.Introduce("127.0.0.1", port); err != nil {
		return err
	}
	kept := func(host string) string { return "ansible_remote_tmp=" + filepath.Join(c.Folder, host) }
	c.Local("local", kept("local"))
	c.SSH("ssh", server, server.Port, kept("ssh"))
	c.SSH("slow", server, port, kept("slow"))
	fmt.Printf("\n%-24s %-6s %9s %9s %9s %9s %9s\n", "a task of", "over", "first", "later", "of piped", "target", "of Python")
	for _, host := range []string{"local", "ssh", "slow"} {
		if err := measure(ctx, c, host, modules); err != nil {
			return err
		}
	}
	fmt.Println("slow is a link of 20 ms and 100 Mbit/s. Python is an empty module as Ansible runs it by default, piped the same with pipelining;" +
		" the target is of the latter. The first of ours brings the binary.")
	return nil
}

func measure(ctx context.Context, c *play.Controller, host string, modules []string) error {
	all := append([]string{"python", "piped"}, modules...)
	var tasks strings.Builder
	tasks.WriteString("- hosts: " + host + "\n  gather_facts: false\n  ignore_errors: true\n  tasks:\n    - ansible.builtin.ping:\n")
	for range 1 + later { // in turns, so that all have the same share of a machine that does other things, too
		for _, module := range all {
			// An option it does not have ends every module before it does anything.
			fmt.Fprintf(&tasks, "    - metalstack.initial_cluster.%s: {none: 0}\n      vars: {ansible_pipelining: %t}\n", module, module == "piped")
		}
	}
	run, err := c.Playbook(ctx, tasks.String())
	if err != nil {
		return err
	}
	output, err := run.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	results, err := run.Results()
	if err != nil {
		return err
	}
	if len(results) != 1+len(all)*(1+later) {
		return errors.New(string(output))
	}
	return show(host, all, results)
}

// show prints a line a module. Each time is the one from a task's result to the next task's.
func show(host string, modules []string, results []play.Result) error {
	usual := map[string]float64{}
	for i, module := range modules {
		var times []float64
		for j := 1 + i; j < len(results); j += len(modules) {
			if msg, _ := results[j].Values["msg"].(string); !strings.Contains(msg, "Unsupported parameters for ") {
				return fmt.Errorf("%s on %s: is not as expected: %v", module, host, results[j].Values)
			}
			times = append(times, results[j].At-results[j-1].At)
		}
		first := times[0]
		slices.Sort(times[1:])
		usual[module] = times[1:][later/2]
		fmt.Printf("%-24s %-6s %7.3f s %7.3f s", module, host, first, usual[module])
		if module != "python" && module != "piped" {
			fmt.Printf(" %9.2f %9.2f %9.2f", usual[module]/usual["piped"], targets[host], usual[module]/usual["python"])
		}
		fmt.Println()
	}
	return nil
}
