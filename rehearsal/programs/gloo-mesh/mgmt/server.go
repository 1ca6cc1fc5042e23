// Package mgmt is the management server: it knows what there is in all clusters, translates it, and tells the agents.
package mgmt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"reflect"
	"sync"
	"time"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
	"rehearsal/programs/gloo-mesh/relay"
	"rehearsal/programs/gloo-mesh/translate"
)

const (
	// How long changes are gathered before they are translated.
	settling = 100 * time.Millisecond
	// How long an agent is left without an answer while nothing changes.
	longest = 10 * time.Second
	// How long after a start the agents of registered clusters have to report, before the others are told anything:
	// what is made of half a mesh would take away what the other half needs.
	gathering = 15 * time.Second
	// How long an agent may be between two questions and still count as connected.
	between = 3 * time.Second
)

// Settings are what the management server is told on its command line.
type Settings struct {
	Cluster, Namespace, AdminNamespace    string
	TLSSecret, SigningSecret              string
	TokenSecret, TokenNamespace, TokenKey string
	LicenseSecret                         string
	RelayPort, HealthPort, StatsPort      int
	DisableCA                             bool
}

// Server is one management server.
type Server struct {
	settings Settings
	client   *kube.Client
	secrets  *kube.Store
	tokens   *kube.Store
	kinds    map[string]*kube.Store
	started  time.Time
	dirty    chan struct{}

	mutex      sync.Mutex
	reports    map[string]mesh.Cluster
	desired    map[string]mesh.Desired
	translated bool
	// renewed is closed, and made anew, when something was translated.
	renewed   chan struct{}
	listening map[string]int
	heard     map[string]time.Time
	statuses  map[string][]mesh.Status
}

// New watches what is on the management cluster, and translates whenever that or a report changes.
func New(ctx context.Context, client *kube.Client, settings Settings) *Server {
	s := &Server{
		settings:  settings,
		client:    client,
		kinds:     map[string]*kube.Store{},
		started:   time.Now(),
		dirty:     make(chan struct{}, 1),
		reports:   map[string]mesh.Cluster{},
		desired:   map[string]mesh.Desired{},
		renewed:   make(chan struct{}),
		listening: map[string]int{},
		heard:     map[string]time.Time{},
	}
	s.secrets = kube.Watch(ctx, client, kube.Secrets, kube.Selection{Namespace: settings.Namespace}, s.touch)
	s.tokens = s.secrets
	if settings.TokenNamespace != settings.Namespace {
		s.tokens = kube.Watch(ctx, client, kube.Secrets, kube.Selection{Namespace: settings.TokenNamespace}, s.touch)
	}
	for name, kind := range mesh.GlooKinds {
		s.kinds[name] = kube.Watch(ctx, client, kind, kube.Selection{}, s.touch)
	}
	go s.work(ctx)
	return s
}

// touch says that something has to be translated anew.
func (s *Server) touch() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *Server) work(ctx context.Context) {
	retry := time.NewTicker(between)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.dirty:
		case <-retry.C:
		}
		time.Sleep(settling)
		if s.synced() == nil {
			s.translate()
			s.tell(ctx)
		}
	}
}

// synced says what the server has not been told yet.
func (s *Server) synced() error {
	stores := []*kube.Store{s.secrets, s.tokens}
	for _, store := range s.kinds {
		stores = append(stores, store)
	}
	return kube.AllSynced(stores)
}

// translate makes of all that is known what each cluster is to be.
func (s *Server) translate() {
	own := mesh.Cluster{Name: s.settings.Cluster}
	for _, store := range s.kinds {
		own.Resources = append(own.Resources, store.List()...)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	input := translate.Input{
		Management: s.settings.Cluster, Namespace: s.settings.Namespace, Clusters: []mesh.Cluster{own},
	}
	complete := true
	for _, cluster := range s.kinds["KubernetesCluster"].List() {
		if cluster.Metadata.Namespace != s.settings.AdminNamespace {
			continue
		}
		report, found := s.reports[cluster.Metadata.Name]
		complete = complete && found
		if found && cluster.Metadata.Name != s.settings.Cluster {
			input.Clusters = append(input.Clusters, report)
		}
	}
	if !complete && time.Since(s.started) < gathering {
		return
	}
	output := translate.Translate(input)
	isNew := false
	for _, cluster := range input.Clusters {
		desired := mesh.Desired{Objects: output.Objects[cluster.Name], Statuses: output.Statuses[cluster.Name]}
		desired.Revision = revisionOf(desired)
		if s.desired[cluster.Name].Revision != desired.Revision {
			s.desired[cluster.Name] = desired
			isNew = true
		}
	}
	s.statuses = output.Statuses
	s.translated = true
	if isNew {
		close(s.renewed)
		s.renewed = make(chan struct{})
	}
}

func revisionOf(desired mesh.Desired) string {
	text, _ := json.Marshal(desired)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// tell writes what is said of the resources of the management cluster itself.
func (s *Server) tell(ctx context.Context) {
	s.mutex.Lock()
	statuses := s.desired[s.settings.Cluster].Statuses
	s.mutex.Unlock()
	for _, status := range statuses {
		object, found := s.kinds[status.Kind].Get(status.Namespace, status.Name)
		if !found || status.IsTold(object) {
			continue
		}
		err := s.client.SetStatus(ctx, mesh.GlooKinds[status.Kind], status.Namespace, status.Name, status.Content())
		if err != nil {
			log.Printf("the status of %s %s/%s cannot be written: %v", status.Kind, status.Namespace, status.Name, err)
		}
	}
}

// Identity is the relay's own certificate.
func (s *Server) Identity() (certificate, key, root string) {
	secret, _ := s.secrets.Get(s.settings.Namespace, s.settings.TLSSecret)
	return secret.Secret("tls.crt"), secret.Secret("tls.key"), secret.Secret("ca.crt")
}

// Token is what agents without a certificate must show.
func (s *Server) Token() string {
	secret, _ := s.tokens.Get(s.settings.TokenNamespace, s.settings.TokenSecret)
	return secret.Secret(s.settings.TokenKey)
}

// Authority signs agents' certificates.
func (s *Server) Authority() (relay.Authority, bool) {
	secret, found := s.secrets.Get(s.settings.Namespace, s.settings.SigningSecret)
	return relay.Authority{
		Certificate: secret.Secret("tls.crt"), Key: secret.Secret("tls.key"), Root: secret.Secret("ca.crt"),
	}, found && !s.settings.DisableCA
}

// Knows says whether a cluster is registered.
func (s *Server) Knows(cluster string) bool {
	_, found := s.kinds["KubernetesCluster"].Get(s.settings.AdminNamespace, cluster)
	return found
}

// Take takes in an agent's report.
func (s *Server) Take(content mesh.Cluster) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.heard[content.Name] = time.Now()
	if !reflect.DeepEqual(s.reports[content.Name], content) {
		s.reports[content.Name] = content
		s.touch()
	}
}

// Desired waits until a cluster is to be something else than at a revision.
func (s *Server) Desired(ctx context.Context, cluster, revision string) (mesh.Desired, bool) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		s.mutex.Lock()
		desired, renewed := s.desired[cluster], s.renewed
		s.mutex.Unlock()
		if desired.Revision != "" && desired.Revision != revision {
			return desired, true
		}
		select {
		case <-ctx.Done():
			return mesh.Desired{}, false
		case <-renewed:
		}
	}
}

// Connected counts the agents that listen.
func (s *Server) Connected(cluster string, change int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if change > 0 && s.listening[cluster] == 0 && time.Since(s.heard[cluster]) > between {
		log.Printf("agent of cluster %s connected", cluster)
	}
	s.listening[cluster] += change
	s.heard[cluster] = time.Now()
}

// isConnected says whether a cluster's agent listens, or did a moment ago; the mutex is the caller's.
func (s *Server) isConnected(cluster string) bool {
	return s.listening[cluster] > 0 || time.Since(s.heard[cluster]) < between
}
