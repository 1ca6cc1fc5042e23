package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// digestAnnotation says of an object what it was when the agent wrote it.
const digestAnnotation = "mesh.gloo.solo.io/digest"

// Work is what has to be done in a cluster.
type Work struct {
	Apply, Delete []kube.Object
}

// Plan compares the objects that there are to those that there should be.
func Plan(desired, existing []kube.Object) Work {
	var work Work
	found := map[string]kube.Object{}
	for _, one := range existing {
		found[mesh.Key(one)] = one
	}
	for _, one := range desired {
		wanted := digested(one)
		if there, exists := found[mesh.Key(one)]; !exists || !isAs(there, wanted) {
			work.Apply = append(work.Apply, wanted)
		}
		delete(found, mesh.Key(one))
	}
	for _, one := range existing {
		if _, left := found[mesh.Key(one)]; left {
			work.Delete = append(work.Delete, one)
		}
	}
	return work
}

func digested(object kube.Object) kube.Object {
	text, _ := json.Marshal(object)
	sum := sha256.Sum256(text)
	object.Metadata.Annotations = map[string]string{digestAnnotation: hex.EncodeToString(sum[:8])}
	return object
}

// isAs says whether an object is still what the agent wants, whatever the API server has added to it.
func isAs(there, wanted kube.Object) bool {
	return there.Metadata.Annotations[digestAnnotation] == wanted.Metadata.Annotations[digestAnnotation] &&
		contains(kube.As[any](there.Spec), kube.As[any](wanted.Spec))
}

func contains(there, wanted any) bool {
	fields, isObject := wanted.(map[string]any)
	if !isObject {
		return containsAll(there, wanted)
	}
	has, isObject := there.(map[string]any)
	if !isObject {
		return false
	}
	for key, value := range fields {
		if !contains(has[key], value) {
			return false
		}
	}
	return true
}

func containsAll(there, wanted any) bool {
	items, isList := wanted.([]any)
	if !isList {
		return reflect.DeepEqual(there, wanted)
	}
	has, isList := there.([]any)
	if !isList || len(has) != len(items) {
		return false
	}
	for index, item := range items {
		if !contains(has[index], item) {
			return false
		}
	}
	return true
}
