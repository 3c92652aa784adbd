// Package reset begins a k3s cluster anew from a snapshot of etcd: one server takes the snapshot's data, the others give theirs up and join it.
// Nothing is deleted. That no server runs meanwhile, and which one begins, its callers see to.
package reset
