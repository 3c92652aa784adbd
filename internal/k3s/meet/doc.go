// Package meet is how servers without data agree on who begins a cluster: each answers at the port of k3s, until k3s itself does somewhere.
package meet
