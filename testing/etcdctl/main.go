// Etcdctl is etcd's own client, for the benchmarks. It is a module of its own, so that the product's dependencies are not its.
package main

import "go.etcd.io/etcd/etcdctl/v3/ctlv3"

func main() { ctlv3.MustStart() }
