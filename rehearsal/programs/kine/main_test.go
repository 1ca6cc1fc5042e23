package main

import (
	"slices"
	"testing"
)

func TestEtcdListensWhereVclusterLooks(t *testing.T) {
	address := listenAddress([]string{"--endpoint=sqlite:///data/state.db", "--listen-address=unix:///data/other.sock"})
	if address != "unix:///data/other.sock" {
		t.Errorf("got %s", address)
	}
	if args := etcdArgs(address); !slices.Contains(args, "--listen-client-urls=unix:///data/other.sock,http://127.0.0.1:2379") {
		t.Errorf("got %q", args)
	}
	if got := listenAddress(nil); got != "unix:///data/kine.sock" {
		t.Errorf("got %s", got)
	}
}
