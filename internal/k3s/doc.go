// Package k3s is one node of a k3s cluster: what it is, what it is to be, and the steps from the one to the other. Its parts are packages
// of their own: release (versions and downloads), settings (config.yaml, tokens, and what counts of them), service (systemd or OpenRC, and why
// a start fails), meet (who begins a cluster), sweep (what k3s leaves behind), reset (a cluster
// that begins anew from a snapshot). What concerns the other nodes, as members and voters, upgrades, drains and removals, is in package
// cluster. Nothing here knows of Ansible.
package k3s
