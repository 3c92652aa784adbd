// Package service is k3s as a service of systemd or OpenRC: its unit, its state, its start and stop, and what its journal says of a start
// that fails.
package service
