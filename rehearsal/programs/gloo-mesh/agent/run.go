package agent

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/plain"
)

// Run is the component: it reads the flags that the chart gives it, joins, and works. Whatever keeps it from joining
// ends the program, so that its pod starts anew.
func Run(ctx context.Context, arguments []string) {
	settings := Settings{Namespace: cmp.Or(os.Getenv("POD_NAMESPACE"), "gloo-mesh")}
	flags := flag.NewFlagSet("agent", flag.ExitOnError)
	flags.StringVar(&settings.Cluster, "cluster", "", "name of the cluster, as the management server knows it")
	flags.StringVar(&settings.RelayAddress, "relay-address", "", "HOST:PORT of the relay")
	flags.StringVar(&settings.RelayAuthority, "relay-authority", "gloo-mesh-mgmt-server.gloo-mesh", "the name in the relay's certificate")
	flags.StringVar(&settings.RootSecret, "relay-root-tls-secret", "relay-root-tls-secret", "Secret with the relay's root")
	flags.StringVar(&settings.RootNamespace, "relay-root-tls-namespace", settings.Namespace, "its namespace")
	flags.StringVar(&settings.TokenSecret, "relay-token-secret", "relay-identity-token-secret", "Secret with the identity token")
	flags.StringVar(&settings.TokenNamespace, "relay-token-namespace", settings.Namespace, "its namespace")
	flags.StringVar(&settings.TokenKey, "relay-token-key", "token", "key of the token")
	flags.StringVar(&settings.ClientSecret, "relay-client-tls-secret", "relay-client-tls-secret", "Secret with the agent's certificate")
	flags.StringVar(&settings.ClientNamespace, "relay-client-tls-namespace", settings.Namespace, "its namespace")
	flags.IntVar(&settings.HTTPPort, "http-port", 9988, "port of probes")
	flags.IntVar(&settings.StatsPort, "stats-port", 9091, "port of metrics")
	_ = flags.Parse(arguments)

	client, err := kube.InCluster(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	var running atomic.Pointer[Agent]
	ready := func() error {
		if agent := running.Load(); agent != nil {
			return agent.Ready()
		}
		return errNotConnected
	}
	go plain.Serve(settings.HTTPPort, plain.Health(ready))
	stats := http.NewServeMux()
	stats.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		connected := "0"
		if ready() == nil {
			connected = "1"
		}
		_, _ = w.Write([]byte("# TYPE relay_pull_clients_connected gauge\nrelay_pull_clients_connected " + connected + "\n"))
	})
	go plain.Serve(settings.StatsPort, stats)

	relay, err := Join(ctx, client, settings)
	if err != nil {
		log.Fatal(err)
	}
	agent := New(ctx, client, relay)
	running.Store(agent)
	log.Fatal(agent.Run(ctx))
}
