package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// longestName is what the name of a label's value, and of most objects, may have.
const longestName = 63

// joined is a name of parts; one that is too long ends in a digest.
func joined(parts ...string) string {
	name := strings.ToLower(strings.NewReplacer("_", "-", "*", "star").Replace(strings.Join(parts, "-")))
	if len(name) <= longestName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.TrimRight(name[:longestName-9], "-.") + "-" + hex.EncodeToString(sum[:4])
}

// emit asks for an object on a cluster, made of a parent; its labels say so, as those of Gloo Mesh do.
func (w *world) emit(at space, kind, name string, spec any, parent *located) {
	object := kube.Object{
		APIVersion: mesh.IstioKinds[kind].APIVersion(),
		Kind:       kind,
		Metadata: kube.Metadata{
			Name:      name,
			Namespace: at.namespace,
			Labels: map[string]string{
				mesh.ReconcilerLabel: mesh.Reconciler,
				mesh.ParentKind:      parent.object.Kind,
				mesh.ParentName:      parent.name(),
				mesh.ParentNamespace: parent.namespace(),
				mesh.ParentCluster:   parent.cluster,
			},
		},
		Spec: kube.As[map[string]any](spec),
	}
	if parent.workspace != nil {
		object.Metadata.Labels[mesh.WorkspaceLabel] = parent.workspace.name
	}
	if w.objects[at.cluster] == nil {
		w.objects[at.cluster] = map[string]kube.Object{}
	}
	w.objects[at.cluster][mesh.Key(object)] = object
	if why, failed := w.clusters[at.cluster].Failures[mesh.Key(object)]; failed {
		parent.note(mesh.Failed, kind+" "+object.Key()+" on "+at.cluster+": "+why)
	}
}
