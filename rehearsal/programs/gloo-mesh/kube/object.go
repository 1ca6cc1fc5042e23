// Package kube speaks to a Kubernetes API server in plain REST and JSON, as far as this program needs it.
package kube

import (
	"encoding/base64"
	"encoding/json"
)

// Object is a resource of any kind.
type Object struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Metadata   Metadata          `json:"metadata"`
	Type       string            `json:"type,omitempty"`
	Spec       map[string]any    `json:"spec,omitempty"`
	Status     map[string]any    `json:"status,omitempty"`
	Data       map[string]string `json:"data,omitempty"`
}

// Metadata is what every resource says of itself.
type Metadata struct {
	Name            string            `json:"name,omitempty"`
	Namespace       string            `json:"namespace,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Generation      int64             `json:"generation,omitempty"`
}

// Key names an object among those of its kind.
func (o Object) Key() string {
	return o.Metadata.Namespace + "/" + o.Metadata.Name
}

// Secret is the text under a key of a Secret; none where there is no such key.
func (o Object) Secret(key string) string {
	text, err := base64.StdEncoding.DecodeString(o.Data[key])
	if err != nil {
		return ""
	}
	return string(text)
}

// Encoded is a text as a Secret keeps it.
func Encoded(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// As reads a part of an object into a type that has its fields; what does not fit is left out.
func As[T any](part any) T {
	var into T
	text, err := json.Marshal(part)
	if err == nil {
		_ = json.Unmarshal(text, &into)
	}
	return into
}

// Kind is a kind of resources, and where the API has it.
type Kind struct {
	Group, Version, Plural, Kind string
}

// APIVersion is what objects of the kind have as theirs.
func (k Kind) APIVersion() string {
	if k.Group == "" {
		return k.Version
	}
	return k.Group + "/" + k.Version
}

// Path is where the API has an object of the kind; all of a namespace without a name, all there are without either.
func (k Kind) Path(namespace, name string) string {
	path := "/apis/" + k.APIVersion()
	if k.Group == "" {
		path = "/api/" + k.Version
	}
	if namespace != "" {
		path += "/namespaces/" + namespace
	}
	path += "/" + k.Plural
	if name != "" {
		path += "/" + name
	}
	return path
}

// The kinds of Kubernetes that this program looks at.
var (
	Secrets      = Kind{"", "v1", "secrets", "Secret"}
	Services     = Kind{"", "v1", "services", "Service"}
	Namespaces   = Kind{"", "v1", "namespaces", "Namespace"}
	Pods         = Kind{"", "v1", "pods", "Pod"}
	Deployments  = Kind{"apps", "v1", "deployments", "Deployment"}
	StatefulSets = Kind{"apps", "v1", "statefulsets", "StatefulSet"}
	DaemonSets   = Kind{"apps", "v1", "daemonsets", "DaemonSet"}
)
