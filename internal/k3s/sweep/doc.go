// Package sweep takes away what k3s leaves on a machine besides files of its own: processes of pods, mounts, links, firewall rules.
package sweep
