// Kine stands in for kine in the image of a virtual cluster's Kubernetes. vcluster starts a program of that name and
// talks to the socket that it names; kine serves etcd's API there out of a database. The etcd beside it serves the same
// API itself: so there is no SQLite, and nothing that would have to be compiled with a C compiler.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

const (
	etcd = "/binaries/etcd"
	// Where vcluster keeps all that is to outlive its pod.
	data = "/data/etcd"
	// Inside of the pod; nothing asks there, but etcd wants addresses for its peers and its clients.
	client = "http://127.0.0.1:2379"
	peer   = "http://127.0.0.1:2380"
)

func main() {
	address := listenAddress(os.Args[1:])
	// A socket that a killed process left behind, which etcd would not replace.
	if err := os.Remove(strings.TrimPrefix(address, "unix://")); err != nil && !os.IsNotExist(err) {
		fail(err)
	}
	fail(syscall.Exec(etcd, append([]string{etcd}, etcdArgs(address)...), os.Environ()))
}

// listenAddress finds where vcluster will look for the API.
func listenAddress(args []string) string {
	address := "unix:///data/kine.sock"
	for _, arg := range args {
		if value, found := strings.CutPrefix(arg, "--listen-address="); found {
			address = value
		}
	}
	return address
}

// etcdArgs makes an etcd with one member.
func etcdArgs(address string) []string {
	return []string{
		"--name=kine",
		"--data-dir=" + data,
		"--listen-client-urls=" + address + "," + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=kine=" + peer,
		// What was written outlives the process; it need not outlive the machine.
		"--unsafe-no-fsync=true",
		"--log-level=warn",
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "kine: %s cannot run in the place of kine: %v\n", etcd, err)
	os.Exit(1)
}
