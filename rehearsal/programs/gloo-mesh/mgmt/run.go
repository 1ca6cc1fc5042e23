package mgmt

import (
	"cmp"
	"context"
	"flag"
	"log"
	"os"

	"rehearsal/programs/gloo-mesh/kube"
)

// Run is the component: it reads the flags that the chart gives it, and serves.
func Run(ctx context.Context, arguments []string) {
	settings := Settings{Namespace: cmp.Or(os.Getenv("POD_NAMESPACE"), "gloo-mesh")}
	flags := flag.NewFlagSet("mgmt-server", flag.ExitOnError)
	flags.StringVar(&settings.Cluster, "cluster", "", "name of the management cluster")
	flags.StringVar(&settings.AdminNamespace, "admin-namespace", "", "home of clusters and workspaces")
	flags.StringVar(&settings.TLSSecret, "relay-tls-secret", "relay-server-tls-secret", "Secret with the relay's certificate")
	flags.StringVar(&settings.SigningSecret, "relay-signing-tls-secret", "relay-tls-signing-secret", "Secret with what signs agents' certificates")
	flags.StringVar(&settings.TokenSecret, "relay-token-secret", "relay-identity-token-secret", "Secret with the identity token")
	flags.StringVar(&settings.TokenNamespace, "relay-token-namespace", "", "namespace of that Secret, if it is another")
	flags.StringVar(&settings.TokenKey, "relay-token-key", "token", "key of the token")
	flags.StringVar(&settings.LicenseSecret, "license-secret-name", "license-keys", "Secret with the license keys")
	flags.IntVar(&settings.RelayPort, "grpc-port", 9900, "port of the relay")
	flags.IntVar(&settings.HealthPort, "healthcheck-port", 8090, "port of probes")
	flags.IntVar(&settings.StatsPort, "stats-port", 9091, "port of metrics")
	flags.BoolVar(&settings.DisableCA, "disable-ca", false, "sign no certificates")
	insecure := flags.Bool("insecure", false, "open the relay without TLS, which this one cannot")
	// What makes no difference here: there is but one replica, one kind of log, and every right is given by the chart.
	flags.Bool("leader-election", true, "without effect")
	flags.Bool("verbose", false, "without effect")
	flags.Bool("dev-mode", false, "without effect")
	flags.Bool("push-rbac", true, "without effect")
	_ = flags.Parse(arguments)
	if settings.Cluster == "" {
		log.Fatal("flag --cluster is not set: the management server does not know its cluster's name")
	}
	if *insecure {
		log.Fatal("flag --insecure is set: the rehearsal's relay is never without TLS")
	}
	settings.AdminNamespace = cmp.Or(settings.AdminNamespace, settings.Namespace)
	settings.TokenNamespace = cmp.Or(settings.TokenNamespace, settings.Namespace)
	client, err := kube.InCluster(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Get(ctx, kube.Secrets, settings.Namespace, settings.LicenseSecret); err != nil {
		log.Printf("Secret %s with the license keys: %v (the rehearsal needs none)", settings.LicenseSecret, err)
	}
	New(ctx, client, settings).Serve()
}
