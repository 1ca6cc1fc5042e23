package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
	"rehearsal/programs/gloo-mesh/relay"
)

// pair is a certificate with its key, PEM and as Go has them.
type pair struct {
	certificate, key string
	parsed           *x509.Certificate
	private          *ecdsa.PrivateKey
}

// issue makes a certificate; without an issuer it is an authority of its own.
func issue(t *testing.T, name string, issuer *pair, usage ...x509.ExtKeyUsage) pair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: len(usage) == 0,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: usage,
	}
	if len(usage) > 0 {
		template.DNSNames = []string{name}
	}
	parent, signer := template, private
	if issuer != nil {
		parent, signer = issuer.parsed, issuer.private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &private.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := x509.ParseCertificate(der)
	secret, _ := x509.MarshalPKCS8PrivateKey(private)
	return pair{
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), parsed, private,
	}
}

// management is a management server of which only the relay is real.
type management struct {
	root, server, signing pair
	token                 string
	canSign, knows        bool
	reported              chan mesh.Cluster
}

func (m *management) Identity() (string, string, string) {
	return m.server.certificate, m.server.key, m.root.certificate
}
func (m *management) Token() string { return m.token }
func (m *management) Authority() (relay.Authority, bool) {
	return relay.Authority{Certificate: m.signing.certificate, Key: m.signing.key, Root: m.root.certificate}, m.canSign
}
func (m *management) Knows(cluster string) bool { return m.knows && cluster == "devcluster1" }
func (m *management) Take(content mesh.Cluster) { m.reported <- content }
func (m *management) Connected(string, int)     {}
func (m *management) Desired(context.Context, string, string) (mesh.Desired, bool) {
	return mesh.Desired{Revision: "1"}, true
}

func open(t *testing.T) (*management, string) {
	t.Helper()
	root := issue(t, "relay-root-ca", nil)
	m := &management{
		root:     root,
		server:   issue(t, "*.gloo-mesh", &root, x509.ExtKeyUsageServerAuth),
		signing:  issue(t, "signing", &root),
		token:    "token",
		canSign:  true,
		knows:    true,
		reported: make(chan mesh.Cluster, 1),
	}
	server := httptest.NewUnstartedServer(relay.Handler(m))
	server.TLS = relay.ServerTLS(m)
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return m, server.Listener.Addr().String()
}

// secrets keep Secrets by their names.
type secrets map[string]kube.Object

func (s secrets) Get(_ context.Context, _ kube.Kind, _, name string) (kube.Object, error) {
	object, found := s[name]
	if !found {
		return object, &kube.Refusal{Code: http.StatusNotFound, Message: "not found"}
	}
	return object, nil
}

func (s secrets) Create(_ context.Context, _ kube.Kind, object kube.Object) error {
	if _, exists := s[object.Metadata.Name]; exists {
		return &kube.Refusal{Code: http.StatusConflict, Message: "exists"}
	}
	s[object.Metadata.Name] = object
	return nil
}

func (s secrets) put(name string, data map[string]string) {
	object := kube.Object{Metadata: kube.Metadata{Name: name}, Data: map[string]string{}}
	for key, text := range data {
		object.Data[key] = kube.Encoded(text)
	}
	s[name] = object
}

func settingsFor(address string) Settings {
	return Settings{
		Cluster: "devcluster1", RelayAddress: address, RelayAuthority: "gloo-mesh-mgmt-server.gloo-mesh",
		RootSecret: "relay-root-tls-secret", RootNamespace: "gloo-mesh",
		TokenSecret: "relay-identity-token-secret", TokenNamespace: "gloo-mesh", TokenKey: "token",
		ClientSecret: "relay-client-tls-secret", ClientNamespace: "gloo-mesh",
	}
}

// unheard is an address at which nobody listens.
func unheard(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

const unavailable = `rpc error: code = Unavailable desc = connection error: desc = "transport: `

// What rehearsal/controllers/gloo-mesh/agent-decision.ts says of simulated agents.
func TestJoinSaysWhatKeepsTheAgentFromJoining(t *testing.T) {
	nobody := unheard(t)
	for name, test := range map[string]struct {
		change func(*management, secrets, *Settings)
		reason string
	}{
		"no cluster": {func(_ *management, _ secrets, s *Settings) { s.Cluster = "" },
			"flag --cluster is not set: the agent does not know its cluster's name"},
		"no address": {func(_ *management, _ secrets, s *Settings) { s.RelayAddress = "" },
			"flag --relay-address is not set: the agent does not know where the relay is"},
		"no root": {func(_ *management, s secrets, _ *Settings) { delete(s, "relay-root-tls-secret") },
			"Secret relay-root-tls-secret not found in namespace gloo-mesh, or it has no key ca.crt"},
		"an empty root": {func(_ *management, s secrets, _ *Settings) { s.put("relay-root-tls-secret", nil) },
			"Secret relay-root-tls-secret not found in namespace gloo-mesh, or it has no key ca.crt"},
		"no token": {func(_ *management, s secrets, _ *Settings) { delete(s, "relay-identity-token-secret") },
			"Secret relay-identity-token-secret not found in namespace gloo-mesh, or it has no key token"},
		"nobody listens": {func(_ *management, _ secrets, s *Settings) { s.RelayAddress = nobody },
			unavailable + `Error while dialing dial tcp ` + nobody + `: connect: connection refused"`},
		"another root": {func(_ *management, s secrets, _ *Settings) {
			s.put("relay-root-tls-secret", map[string]string{"ca.crt": issue(t, "relay-root-ca", nil).certificate})
		}, unavailable + `authentication handshake failed: x509: certificate signed by unknown authority"`},
		"another token": {func(m *management, _ secrets, _ *Settings) { m.token = "another" },
			"rpc error: code = Unauthenticated desc = the identity token is not the management server's"},
		"no token on the other side": {func(m *management, _ secrets, _ *Settings) { m.token = "" },
			"rpc error: code = Unauthenticated desc = the identity token is not the management server's"},
		"nobody signs": {func(m *management, _ secrets, _ *Settings) { m.canSign = false },
			"rpc error: code = Internal desc = Secret relay-tls-signing-secret not found on the management cluster"},
		"no KubernetesCluster": {func(m *management, _ secrets, _ *Settings) { m.knows = false },
			"KubernetesCluster devcluster1 not found on the management cluster"},
		"several of these": {func(m *management, s secrets, _ *Settings) { m.token, m.canSign, m.knows = "", false, false },
			"rpc error: code = Unauthenticated desc = the identity token is not the management server's"},
	} {
		t.Run(name, func(t *testing.T) {
			m, address := open(t)
			kept, settings := secrets{}, settingsFor(address)
			kept.put("relay-root-tls-secret", map[string]string{"ca.crt": m.root.certificate})
			kept.put("relay-identity-token-secret", map[string]string{"token": "token"})
			test.change(m, kept, &settings)
			_, err := Join(t.Context(), kept, settings)
			if err == nil || err.Error() != test.reason {
				t.Errorf("it says %v, not %s", err, test.reason)
			}
			if _, made := kept["relay-client-tls-secret"]; made {
				t.Error("it has got a certificate")
			}
		})
	}
}

func TestJoinObtainsACertificateThatTheRelayTakes(t *testing.T) {
	m, address := open(t)
	kept := secrets{}
	kept.put("relay-root-tls-secret", map[string]string{"ca.crt": m.root.certificate})
	kept.put("relay-identity-token-secret", map[string]string{"token": "token"})
	client, err := Join(t.Context(), kept, settingsFor(address))
	if err != nil {
		t.Fatal(err)
	}
	secret := kept["relay-client-tls-secret"]
	block, rest := pem.Decode([]byte(secret.Secret("tls.crt")))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.Subject.CommonName != "devcluster1" || strings.Join(leaf.DNSNames, " ") != "devcluster1" {
		t.Errorf("the certificate is for %v, %v", leaf.DNSNames, err)
	}
	if string(rest) != m.signing.certificate || secret.Secret("ca.crt") != m.root.certificate {
		t.Error("the certificate lacks what is between it and the root, or the root")
	}
	if err := client.Report(t.Context(), mesh.Cluster{Services: []mesh.Service{{Name: "reviews"}}}); err != nil {
		t.Fatal(err)
	}
	if got := <-m.reported; got.Name != "devcluster1" || got.Services[0].Name != "reviews" {
		t.Errorf("it was reported %v", got)
	}
	desired, isNew, err := client.Desired(t.Context(), "")
	if err != nil || !isNew || desired.Revision != "1" {
		t.Errorf("it is told %v, %v, %v", desired, isNew, err)
	}

	// Who has a certificate needs no token any more, and still must be registered.
	delete(kept, "relay-identity-token-secret")
	delete(kept, "relay-root-tls-secret")
	again, err := Join(t.Context(), kept, settingsFor(address))
	if err != nil {
		t.Fatal(err)
	}
	m.knows = false
	err = again.Report(t.Context(), mesh.Cluster{})
	if reason := again.Reason(err); reason != "KubernetesCluster devcluster1 not found on the management cluster" {
		t.Errorf("it says %s", reason)
	}
	if !relay.IsFinal(err) {
		t.Error("it would be tried again")
	}
}

func TestTheRelayTakesNoOtherCertificates(t *testing.T) {
	m, address := open(t)
	other := issue(t, "devcluster2", &m.root, x509.ExtKeyUsageClientAuth)
	stranger := issue(t, "stranger", nil)
	strange := issue(t, "devcluster1", &stranger, x509.ExtKeyUsageClientAuth)
	for name, test := range map[string]struct {
		own    *pair
		reason string
	}{
		"none":                    {nil, "the agent has no certificate for cluster devcluster1"},
		"one for another cluster": {&other, "the agent has no certificate for cluster devcluster1"},
		// The relay says whose it takes, and a client shows no others.
		"one of another root": {&strange, "the agent has no certificate for cluster devcluster1"},
	} {
		t.Run(name, func(t *testing.T) {
			var certificate *tls.Certificate
			if test.own != nil {
				loaded, err := tls.X509KeyPair([]byte(test.own.certificate), []byte(test.own.key))
				if err != nil {
					t.Fatal(err)
				}
				certificate = &loaded
			}
			client := relay.NewClient(address, "gloo-mesh-mgmt-server.gloo-mesh", m.root.certificate, "devcluster1", certificate)
			err := client.Report(t.Context(), mesh.Cluster{})
			if err == nil || !strings.Contains(client.Reason(err), test.reason) || !relay.IsFinal(err) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
