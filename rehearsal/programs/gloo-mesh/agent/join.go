package agent

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/relay"
)

// Settings are what the agent is told on its command line.
type Settings struct {
	Cluster, RelayAddress, RelayAuthority string
	Namespace                             string
	RootSecret, RootNamespace             string
	TokenSecret, TokenNamespace, TokenKey string
	ClientSecret, ClientNamespace         string
	HTTPPort, StatsPort                   int
}

// keeper keeps the Secrets of an agent.
type keeper interface {
	Get(ctx context.Context, kind kube.Kind, namespace, name string) (kube.Object, error)
	Create(ctx context.Context, kind kube.Kind, object kube.Object) error
}

// Join makes a client that the relay lets in: with the certificate that the agent has, or with one that it asks for. An
// error says what keeps the agent from joining.
func Join(ctx context.Context, secrets keeper, settings Settings) (*relay.Client, error) {
	if settings.Cluster == "" {
		return nil, errors.New("flag --cluster is not set: the agent does not know its cluster's name")
	}
	if settings.RelayAddress == "" {
		return nil, errors.New("flag --relay-address is not set: the agent does not know where the relay is")
	}
	own, err := find(ctx, secrets, settings.ClientNamespace, settings.ClientSecret)
	if err != nil {
		return nil, err
	}
	if own == nil {
		if own, err = obtain(ctx, secrets, settings); err != nil {
			return nil, err
		}
	}
	root := own.Secret("ca.crt")
	if root == "" {
		return nil, missing(settings.RootSecret, settings.RootNamespace, "ca.crt")
	}
	pair, err := tls.X509KeyPair([]byte(own.Secret("tls.crt")), []byte(own.Secret("tls.key")))
	if err != nil {
		return nil, fmt.Errorf("the certificate in Secret %s cannot be used: %w", settings.ClientSecret, err)
	}
	return relay.NewClient(settings.RelayAddress, settings.RelayAuthority, root, settings.Cluster, &pair), nil
}

// obtain asks the relay for a certificate, and keeps it.
func obtain(ctx context.Context, secrets keeper, settings Settings) (*kube.Object, error) {
	trusted, err := find(ctx, secrets, settings.RootNamespace, settings.RootSecret)
	if err != nil {
		return nil, err
	}
	if trusted == nil || trusted.Secret("ca.crt") == "" {
		return nil, missing(settings.RootSecret, settings.RootNamespace, "ca.crt")
	}
	identity, err := find(ctx, secrets, settings.TokenNamespace, settings.TokenSecret)
	if err != nil {
		return nil, err
	}
	if identity == nil || identity.Secret(settings.TokenKey) == "" {
		return nil, missing(settings.TokenSecret, settings.TokenNamespace, settings.TokenKey)
	}
	key, request, err := relay.NewRequest(settings.Cluster)
	if err != nil {
		return nil, err
	}
	client := relay.NewClient(settings.RelayAddress, settings.RelayAuthority, trusted.Secret("ca.crt"), settings.Cluster, nil)
	defer client.Close()
	certificate, root, err := client.Certificate(ctx, identity.Secret(settings.TokenKey), request)
	if err != nil {
		return nil, errors.New(client.Reason(err))
	}
	secret := kube.Object{
		APIVersion: "v1", Kind: "Secret", Type: "Opaque",
		Metadata: kube.Metadata{Name: settings.ClientSecret, Namespace: settings.ClientNamespace},
		Data: map[string]string{
			"tls.crt": kube.Encoded(certificate),
			"tls.key": kube.Encoded(key),
			"ca.crt":  kube.Encoded(cmp.Or(root, trusted.Secret("ca.crt"))),
		},
	}
	err = secrets.Create(ctx, kube.Secrets, secret)
	if kube.IsRefused(err, http.StatusConflict) {
		// Another of the agent's pods was faster.
		return find(ctx, secrets, settings.ClientNamespace, settings.ClientSecret)
	}
	if err != nil {
		return nil, fmt.Errorf("Secret %s cannot be made: %w", settings.ClientSecret, err)
	}
	return &secret, nil
}

// find reads a Secret; one that is not there is no error.
func find(ctx context.Context, secrets keeper, namespace, name string) (*kube.Object, error) {
	secret, err := secrets.Get(ctx, kube.Secrets, namespace, name)
	if kube.IsRefused(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("Secret %s cannot be read: %w", name, err)
	}
	return &secret, nil
}

func missing(secret, namespace, key string) error {
	return fmt.Errorf("Secret %s not found in namespace %s, or it has no key %s", secret, namespace, key)
}
