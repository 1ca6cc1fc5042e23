package mgmt

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"rehearsal/programs/gloo-mesh/plain"
	"rehearsal/programs/gloo-mesh/relay"
)

// Resource is one of Gloo Mesh, with what was said of it, as the UI asks for it.
type Resource struct {
	Cluster, Kind, Namespace, Name, Approval, Message string
	// Agent says of registered clusters whether it is connected.
	Agent string `json:",omitempty"`
}

// Serve opens the relay once it has a certificate, and answers probes and questions all the while.
func (s *Server) Serve() {
	var open atomic.Bool
	health := plain.Health(func() error {
		if err := s.synced(); err != nil {
			return err
		}
		if !open.Load() {
			return errors.New("the relay is not open: Secret " + s.settings.TLSSecret + " is missing, or has no certificate")
		}
		return nil
	})
	health.HandleFunc("GET /resources", s.resources)
	go plain.Serve(s.settings.HealthPort, health)

	stats := http.NewServeMux()
	stats.HandleFunc("GET /metrics", s.metrics)
	go plain.Serve(s.settings.StatsPort, stats)

	for said := false; !s.canServe(); time.Sleep(time.Second) {
		if !said && s.synced() == nil {
			log.Printf("waiting for Secret %s with tls.crt and tls.key", s.settings.TLSSecret)
			said = true
		}
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", s.settings.RelayPort))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("the relay is open on port %d", s.settings.RelayPort)
	open.Store(true)
	server := &http.Server{
		Handler: relay.Handler(s), TLSConfig: relay.ServerTLS(s), ReadHeaderTimeout: 10 * time.Second,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
	log.Fatal(server.ServeTLS(listener, "", ""))
}

func (s *Server) canServe() bool {
	certificate, key, _ := s.Identity()
	return s.synced() == nil && certificate != "" && key != ""
}

// metrics counts the agents that are connected, as Gloo Mesh does.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "# HELP relay_push_clients_connected Agents that are connected to the relay.")
	fmt.Fprintln(w, "# TYPE relay_push_clients_connected gauge")
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, cluster := range s.kinds["KubernetesCluster"].List() {
		count := 0
		if s.isConnected(cluster.Metadata.Name) {
			count = 1
		}
		fmt.Fprintf(w, "relay_push_clients_connected{cluster=%q} %d\n", cluster.Metadata.Name, count)
	}
}

// resources lists what was said of all resources.
func (s *Server) resources(w http.ResponseWriter, _ *http.Request) {
	all := []Resource{}
	s.mutex.Lock()
	for cluster, statuses := range s.statuses {
		for _, one := range statuses {
			resource := Resource{cluster, one.Kind, one.Namespace, one.Name, one.Approval, one.Message, ""}
			if one.Kind == "KubernetesCluster" {
				resource.Agent = "agent not connected"
				if s.isConnected(one.Name) {
					resource.Agent = "agent connected"
				}
			}
			all = append(all, resource)
		}
	}
	s.mutex.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all)
}
