// Package relay is how agents and the management server talk. Gloo Mesh's own protocol, over gRPC, is closed; this one
// is HTTP and JSON over the same port, with the same certificates, token and Secrets.
package relay

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"rehearsal/programs/gloo-mesh/mesh"
)

// Paths of the relay.
const (
	certificatePath = "/v1/certificate"
	reportPath      = "/v1/report"
	desiredPath     = "/v1/desired"
)

// Management is what the relay asks the management server.
type Management interface {
	// Identity is the relay's own certificate with its key and its root, PEM.
	Identity() (certificate, key, root string)
	// Token is what agents without a certificate must show; none lets nobody in.
	Token() string
	// Authority signs agents' certificates, where there is one.
	Authority() (Authority, bool)
	// Knows says whether a cluster is registered.
	Knows(cluster string) bool
	// Take takes in what there is in a cluster.
	Take(content mesh.Cluster)
	// Desired is what a cluster is to be, once that is not of this revision; false where it still is after a while.
	Desired(ctx context.Context, cluster, revision string) (mesh.Desired, bool)
	// Connected counts how often a cluster's agent listens.
	Connected(cluster string, change int)
}

type certificateRequest struct {
	Cluster string `json:"cluster"`
	Token   string `json:"token"`
	Request string `json:"request"`
}

type certificateAnswer struct {
	Certificate string `json:"certificate"`
	Root        string `json:"root"`
}

type refusal struct {
	Reason string `json:"reason"`
}

// ServerTLS shows agents the relay's certificate, and takes theirs where they have one.
func ServerTLS(management Management) *tls.Config {
	return &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		certificate, key, root := management.Identity()
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		if err != nil {
			return nil, err
		}
		authorities := poolOf(root)
		if authority, found := management.Authority(); found {
			authorities = poolOf(root, authority.Root, authority.Certificate)
		}
		return &tls.Config{
			Certificates: []tls.Certificate{pair},
			ClientAuth:   tls.VerifyClientCertIfGiven,
			ClientCAs:    authorities,
			NextProtos:   []string{"h2", "http/1.1"},
			MinVersion:   tls.VersionTLS12,
		}, nil
	}}
}

// Handler answers agents.
func Handler(management Management) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+certificatePath, func(w http.ResponseWriter, r *http.Request) {
		var request certificateRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		certificate, root, err := sign(management, request)
		if err != nil {
			refuse(w, http.StatusForbidden, err.Error())
			return
		}
		answer(w, certificateAnswer{certificate, root})
	})
	mux.HandleFunc("POST "+reportPath, known(management, func(w http.ResponseWriter, r *http.Request, cluster string) {
		var content mesh.Cluster
		if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		content.Name = cluster
		management.Take(content)
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("GET "+desiredPath, known(management, func(w http.ResponseWriter, r *http.Request, cluster string) {
		management.Connected(cluster, 1)
		defer management.Connected(cluster, -1)
		desired, isNew := management.Desired(r.Context(), cluster, r.URL.Query().Get("revision"))
		if !isNew {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, desired)
	}))
	return mux
}

// sign gives an agent a certificate, if all that it shows is right.
func sign(management Management, request certificateRequest) (certificate, root string, err error) {
	if token := management.Token(); token == "" || token != request.Token {
		return "", "", errors.New("rpc error: code = Unauthenticated desc = the identity token is not the management server's")
	}
	authority, found := management.Authority()
	if !found {
		return "", "", errors.New("rpc error: code = Internal desc = Secret relay-tls-signing-secret not found on the management cluster")
	}
	if !management.Knows(request.Cluster) {
		return "", "", errUnknown(request.Cluster)
	}
	certificate, err = authority.Sign(request.Request, request.Cluster)
	if err != nil {
		return "", "", errors.New("rpc error: code = Internal desc = " + err.Error())
	}
	return certificate, authority.Root, nil
}

func errUnknown(cluster string) error {
	return errors.New("KubernetesCluster " + cluster + " not found on the management cluster")
}

// known lets only agents of registered clusters through, that have a certificate for their cluster.
func known(management Management, next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cluster := r.URL.Query().Get("cluster")
		if !isFor(r.TLS, cluster) {
			refuse(w, http.StatusForbidden,
				"rpc error: code = Unauthenticated desc = the agent has no certificate for cluster "+cluster)
			return
		}
		if !management.Knows(cluster) {
			refuse(w, http.StatusForbidden, errUnknown(cluster).Error())
			return
		}
		next(w, r, cluster)
	}
}

func isFor(connection *tls.ConnectionState, cluster string) bool {
	if connection == nil || len(connection.PeerCertificates) == 0 {
		return false
	}
	leaf := connection.PeerCertificates[0]
	return strings.EqualFold(leaf.Subject.CommonName, cluster) || slices.Contains(leaf.DNSNames, cluster)
}

func answer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(content)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal{reason})
}
