package translate

import (
	"cmp"
	"slices"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// located is a resource with the cluster that it is in, and what is said of it.
type located struct {
	cluster string
	object  kube.Object
	// workspace is that of its namespace; none where it has none.
	workspace *workspace

	approval, message string
}

func (l *located) name() string      { return l.object.Metadata.Name }
func (l *located) namespace() string { return l.object.Metadata.Namespace }
func (l *located) place() string     { return l.object.Key() + " on " + l.cluster }

// severity orders what may be said of a resource.
var severity = map[string]int{mesh.Accepted: 0, mesh.Warning: 1, mesh.Failed: 2, mesh.Invalid: 3}

// note says something against a resource; what is worse than all before replaces it.
func (l *located) note(approval, message string) {
	if severity[approval] > severity[l.approval] {
		l.approval, l.message = approval, message
	}
}

type workspace struct {
	name string
	spec workspaceSpec
	// labels are those of the clusters, by their names.
	labels map[string]map[string]string
}

// includes says whether a namespace of a cluster is the workspace's.
func (w *workspace) includes(cluster, namespace string) bool {
	for _, part := range w.spec.WorkloadClusters {
		if !takes(part.Name, cluster) || !has(w.labels[cluster], part.Selector) {
			continue
		}
		for _, one := range part.Namespaces {
			if takes(one.Name, namespace) {
				return true
			}
		}
	}
	return false
}

// world is all that is known, and what has been made of it so far.
type world struct {
	home     string
	clusters map[string]mesh.Cluster
	domains  map[string]string
	kinds    map[string][]*located
	// policies of routes are laid over each route that they select.
	policies []*routePolicy
	// gateways are those that were made of a VirtualGateway.
	gateways map[*located][]gatewayPlace
	rules    map[ruleKey]*rule
	objects  map[string]map[string]kube.Object
}

// newWorld sorts what was reported by kind and workspace.
func newWorld(input Input) *world {
	w := &world{
		home:     cmp.Or(input.Namespace, "gloo-mesh"),
		clusters: map[string]mesh.Cluster{},
		domains:  map[string]string{},
		kinds:    map[string][]*located{},
		gateways: map[*located][]gatewayPlace{},
		rules:    map[ruleKey]*rule{},
		objects:  map[string]map[string]kube.Object{},
	}
	labels := map[string]map[string]string{}
	for _, cluster := range input.Clusters {
		w.clusters[cluster.Name] = cluster
		for _, object := range cluster.Resources {
			one := &located{cluster: cluster.Name, object: object, approval: mesh.Accepted}
			w.kinds[object.Kind] = append(w.kinds[object.Kind], one)
			if object.Kind == "KubernetesCluster" && cluster.Name == input.Management {
				labels[one.name()] = object.Metadata.Labels
				w.domains[one.name()] = kube.As[struct{ ClusterDomain string }](object.Spec).ClusterDomain
			}
		}
	}
	var workspaces []*workspace
	for _, one := range w.kinds["Workspace"] {
		if one.cluster == input.Management {
			workspaces = append(workspaces, &workspace{one.name(), kube.As[workspaceSpec](one.object.Spec), labels})
		}
	}
	for _, all := range w.kinds {
		for _, one := range all {
			index := slices.IndexFunc(workspaces, func(of *workspace) bool {
				return of.includes(one.cluster, one.namespace())
			})
			if index >= 0 {
				one.workspace = workspaces[index]
			}
		}
	}
	return w
}

// of are the resources of a kind that belong to a workspace.
func (w *world) of(kind string) []*located {
	return slices.DeleteFunc(slices.Clone(w.kinds[kind]), func(one *located) bool { return one.workspace == nil })
}

// find is the resource that a reference in another one means.
func (w *world) find(kind string, ref reference, from *located) *located {
	for _, one := range w.of(kind) {
		if one.name() == ref.Name && one.namespace() == cmp.Or(ref.Namespace, from.namespace()) &&
			one.cluster == cmp.Or(ref.Cluster, from.cluster) {
			return one
		}
	}
	return nil
}

// matches says whether a selector of resources takes one.
func (s selector) matches(one *located) bool {
	return takes(s.Name, one.name()) && takes(s.Namespace, one.namespace()) && takes(s.Cluster, one.cluster) &&
		(s.Workspace == "" || one.workspace != nil && takes(s.Workspace, one.workspace.name)) &&
		has(one.object.Metadata.Labels, s.Labels)
}

// space is a namespace of a cluster.
type space struct{ cluster, namespace string }

// workloads are those of a workspace that a selector takes, by where they are.
func (w *world) workloads(of *workspace, wanted selector) map[space][]mesh.Workload {
	found := map[space][]mesh.Workload{}
	for _, name := range sortedKeys(w.clusters) {
		for _, one := range w.clusters[name].Workloads {
			if of.includes(name, one.Namespace) && takes(wanted.Cluster, name) &&
				takes(wanted.Namespace, one.Namespace) && takes(wanted.Name, one.Name) && has(one.Labels, wanted.Labels) {
				at := space{name, one.Namespace}
				found[at] = append(found[at], one)
			}
		}
	}
	return found
}

func spaces[V any](of map[space]V) []space {
	all := make([]space, 0, len(of))
	for one := range of {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b space) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.namespace, b.namespace))
	})
	return all
}

// services are those of a workspace that a selector takes, by where they are.
func (w *world) services(of *workspace, wanted selector) map[space][]mesh.Service {
	found := map[space][]mesh.Service{}
	for _, name := range sortedKeys(w.clusters) {
		for _, one := range w.clusters[name].Services {
			if of.includes(name, one.Namespace) && takes(wanted.Cluster, name) &&
				takes(wanted.Namespace, one.Namespace) && takes(wanted.Name, one.Name) && has(one.Labels, wanted.Labels) {
				at := space{name, one.Namespace}
				found[at] = append(found[at], one)
			}
		}
	}
	return found
}

// service is one of a cluster.
func (w *world) service(cluster, namespace, name string) (mesh.Service, bool) {
	all := w.clusters[cluster].Services
	index := slices.IndexFunc(all, func(one mesh.Service) bool {
		return one.Namespace == namespace && one.Name == name
	})
	if index < 0 {
		return mesh.Service{}, false
	}
	return all[index], true
}

// hostOf is the name by which a cluster's own workloads know a service.
func (w *world) hostOf(cluster, namespace, name string) string {
	return name + "." + namespace + ".svc." + cmp.Or(w.domains[cluster], "cluster.local")
}
