// Package mesh has what management server and agents tell each other, and what both know of kinds.
package mesh

import (
	"cmp"

	"rehearsal/programs/gloo-mesh/kube"
)

// Cluster is what there is in a cluster, as its agent reports it.
type Cluster struct {
	Name string `json:"name"`
	// Resources are those of Gloo Mesh: they may be in any cluster.
	Resources []kube.Object `json:"resources"`
	Services  []Service     `json:"services"`
	Workloads []Workload    `json:"workloads"`
	// Failures say what could not be done with objects that were asked for, by their keys.
	Failures map[string]string `json:"failures,omitempty"`
}

// Service is a Service of Kubernetes.
type Service struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels,omitempty"`
	Selector  map[string]string `json:"selector,omitempty"`
	Ports     []Port            `json:"ports,omitempty"`
	// Addresses are those of its load balancers.
	Addresses []string `json:"addresses,omitempty"`
}

// Port is one of a Service.
type Port struct {
	Name   string `json:"name,omitempty"`
	Number int    `json:"number"`
	// Target is the port of the pods; 0 where it has but a name.
	Target int `json:"target,omitempty"`
}

// Workload is what makes pods, with what these have.
type Workload struct {
	Name           string            `json:"name"`
	Namespace      string            `json:"namespace"`
	Labels         map[string]string `json:"labels,omitempty"`
	ServiceAccount string            `json:"serviceAccount"`
	// Sidecar says whether the pods get one of Istio's proxies beside their own containers.
	Sidecar bool `json:"sidecar,omitempty"`
}

// Desired is what an agent is to make of its cluster.
type Desired struct {
	// Revision names this state.
	Revision string        `json:"revision"`
	Objects  []kube.Object `json:"objects"`
	Statuses []Status      `json:"statuses"`
}

// What Gloo Mesh says of a resource, in one word.
const (
	Accepted = "ACCEPTED"
	Warning  = "WARNING"
	Failed   = "FAILED"
	Invalid  = "INVALID"
)

// Status is what Gloo Mesh says of a resource.
type Status struct {
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	Approval   string `json:"approval"`
	Message    string `json:"message"`
	Generation int64  `json:"generation"`
}

// Key names an object among those of all kinds.
func Key(object kube.Object) string {
	return object.Kind + " " + object.Key()
}

// Content is the status as the resource has it; two kinds have another form than all others.
func (s Status) Content() map[string]any {
	if s.Kind == "RootTrustPolicy" || s.Kind == "RateLimitServerSettings" {
		return map[string]any{"state": s.Approval, "observedGeneration": s.Generation}
	}
	return map[string]any{"common": map[string]any{"State": map[string]any{
		"approval": s.Approval, "message": s.Message, "observedGeneration": s.Generation,
	}}}
}

// IsTold says whether an object has this status.
func (s Status) IsTold(object kube.Object) bool {
	type state struct {
		Approval, State, Message string
		ObservedGeneration       int64
	}
	told := kube.As[struct {
		state
		Common struct{ State state }
	}](object.Status)
	common := told.Common.State
	return cmp.Or(common.Approval, told.State) == s.Approval &&
		cmp.Or(common.ObservedGeneration, told.ObservedGeneration) == s.Generation &&
		(common.Approval == "" || common.Message == s.Message)
}
