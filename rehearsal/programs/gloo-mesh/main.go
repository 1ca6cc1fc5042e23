// Gloo-mesh stands in for Gloo Mesh, whose programs are closed: one program for all of its images, which are told by
// COMPONENT, or by their first argument, which of them they are.
//
// The management server and the agent do what the lab relies on: agents join with the root, the token and the
// certificates that Gloo Mesh uses; what they report is translated to objects of Istio, which they write, and the
// resources of Gloo Mesh get the status that says what came of them. It differs from Gloo Mesh in this:
//
//   - The relay speaks a protocol of its own.
//   - It knows the fields that the lab writes, and Istio's own words for them. What needs filters of Solo.io's build, or
//     servers that are not here (WAF, transformations, rate limits, external authorization), gets a status that says so.
//   - No license key is checked, and there is one replica of the management server.
//   - UI, Prometheus and the servers of the policies listen and answer probes, and know next to nothing.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"rehearsal/programs/gloo-mesh/agent"
	"rehearsal/programs/gloo-mesh/mgmt"
	"rehearsal/programs/gloo-mesh/plain"
	"rehearsal/programs/gloo-mesh/ui"
)

// components are what the images are, by their names.
var components = map[string]func(ctx context.Context, arguments []string){
	"mgmt-server":      mgmt.Run,
	"agent":            agent.Run,
	"apiserver":        ui.RunAPI,
	"ui":               ui.RunConsole,
	"envoy":            ui.RunProxy,
	"redis":            plain.RunRedis,
	"prometheus":       plain.RunPrometheus,
	"config-reloader":  plain.RunNothing,
	"ext-auth-service": plain.RunServer,
	"rate-limiter":     plain.RunServer,
}

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	// The first process of a container ends on a signal only if it asks for it.
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-end
		os.Exit(0)
	}()
	name, arguments := chosen(os.Getenv("COMPONENT"), os.Args[1:])
	run, known := components[name]
	if !known {
		log.Fatalf("the component is %q: expected one of %s", name,
			strings.Join(slices.Sorted(maps.Keys(components)), ", "))
	}
	run(context.Background(), arguments)
	fmt.Fprintln(os.Stderr, name+" has ended")
	os.Exit(1)
}

// chosen is the component's name, and what is left for it.
func chosen(environment string, arguments []string) (string, []string) {
	if environment != "" || len(arguments) == 0 {
		return environment, arguments
	}
	return arguments[0], arguments[1:]
}
