// Package settings is what k3s is told: by config.yaml and its drop-ins, by its command line and its environment. It writes them, and tells
// what counts of them at the end, so that two ways to say the same are the same.
package settings
