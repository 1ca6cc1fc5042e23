// Package translate makes Istio's objects of Gloo Mesh's resources: of those that the lab has, as far as they can be
// said in Istio's own words. What it makes nothing of, it says so in the resource's status.
package translate

import (
	"maps"
	"slices"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// Input is all that is known of the clusters.
type Input struct {
	// Management is the name of the management cluster.
	Management string
	// Namespace is that of Gloo Mesh on every cluster.
	Namespace string
	// Clusters are those that have been reported, the management cluster among them.
	Clusters []mesh.Cluster
}

// Output is what is to be made of each cluster, by its name.
type Output struct {
	Objects  map[string][]kube.Object
	Statuses map[string][]mesh.Status
}

// translations are made for each resource of a kind, in this order.
var translations = []struct {
	kind string
	make func(*world, *located)
}{
	{"VirtualGateway", (*world).virtualGateway},
	{"RouteTable", (*world).routeTable},
	{"OutlierDetectionPolicy", (*world).outlierDetection},
	{"AccessPolicy", (*world).accessPolicy},
	{"WorkspaceSettings", (*world).workspaceSettings},
}

// administrative are the kinds that need no workspace, and that nothing is made of.
var administrative = []string{"KubernetesCluster", "Workspace"}

// Translate makes of all resources what they say.
func Translate(input Input) Output {
	w := newWorld(input)
	w.collectPolicies()
	for _, each := range translations {
		for _, one := range w.of(each.kind) {
			each.make(w, one)
		}
	}
	w.destinationRules()
	w.judge()

	output := Output{map[string][]kube.Object{}, map[string][]mesh.Status{}}
	for cluster, objects := range w.objects {
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			output.Objects[cluster] = append(output.Objects[cluster], objects[key])
		}
	}
	for _, kind := range sortedKeys(w.kinds) {
		for _, one := range w.kinds[kind] {
			output.Statuses[one.cluster] = append(output.Statuses[one.cluster], mesh.Status{
				Kind: kind, Namespace: one.namespace(), Name: one.name(),
				Approval: one.approval, Message: one.message, Generation: one.object.Metadata.Generation,
			})
		}
	}
	return output
}

// judge says of all resources what only shows once everything is translated.
func (w *world) judge() {
	for _, policy := range w.policies {
		if !policy.applies {
			policy.note(mesh.Warning, "it selects no route")
		}
	}
	for kind, all := range w.kinds {
		for _, one := range all {
			switch {
			case slices.Contains(administrative, kind), isGlobal(one):
			case one.workspace == nil:
				one.note(mesh.Warning, "its namespace is in no workspace")
			case !isTranslated(kind):
				one.note(mesh.Warning, "the rehearsal's stand-in for Gloo Mesh makes nothing of a "+kind)
			}
		}
	}
}

// isGlobal says whether settings are those of all workspaces.
func isGlobal(one *located) bool {
	return one.object.Kind == "WorkspaceSettings" && one.name() == "global"
}

func isTranslated(kind string) bool {
	for _, each := range translations {
		if each.kind == kind {
			return true
		}
	}
	return routeChanges[kind] != nil
}
