package agent

import (
	"reflect"
	"testing"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

func object(name string, spec map[string]any) kube.Object {
	return kube.Object{Kind: "VirtualService", Metadata: kube.Metadata{Namespace: "bookinfo", Name: name}, Spec: spec}
}

func specOf(timeout string) map[string]any {
	return map[string]any{"hosts": []any{"a"}, "http": []any{map[string]any{"timeout": timeout, "weight": 1}}}
}

// there is an object as the API server has it after the agent has written it.
func there(name string, spec map[string]any, change func(*kube.Object)) kube.Object {
	written := digested(object(name, spec))
	written.Spec = kube.As[map[string]any](written.Spec)
	written.Metadata.ResourceVersion, written.Metadata.Generation = "5", 1
	if change != nil {
		change(&written)
	}
	return written
}

func TestPlan(t *testing.T) {
	desired := []kube.Object{object("a", specOf("1s")), object("b", specOf("2s"))}
	first := func(o *kube.Object) map[string]any { return o.Spec["http"].([]any)[0].(map[string]any) }
	for name, test := range map[string]struct {
		existing       []kube.Object
		apply, removed []string
	}{
		"nothing is there": {nil, []string{"a", "b"}, nil},
		"all is as it should be": {
			[]kube.Object{there("a", specOf("1s"), nil), there("b", specOf("2s"), nil)}, nil, nil},
		"the API server has added something": {[]kube.Object{
			there("a", specOf("1s"), func(o *kube.Object) { first(o)["added"] = true }), there("b", specOf("2s"), nil),
		}, nil, nil},
		"another one is wanted": {
			[]kube.Object{there("a", specOf("3s"), nil), there("b", specOf("2s"), nil)}, []string{"a"}, nil},
		"somebody has changed it": {[]kube.Object{
			there("a", specOf("1s"), func(o *kube.Object) { first(o)["timeout"] = "9s" }), there("b", specOf("2s"), nil),
		}, []string{"a"}, nil},
		"somebody has taken a part": {[]kube.Object{
			there("a", specOf("1s"), func(o *kube.Object) { o.Spec["http"] = []any{} }), there("b", specOf("2s"), nil),
		}, []string{"a"}, nil},
		"less is wanted of it than before": {[]kube.Object{
			there("a", map[string]any{"hosts": []any{"a"}, "http": specOf("1s")["http"], "exportTo": []any{"."}}, nil),
			there("b", specOf("2s"), nil),
		}, []string{"a"}, nil},
		"one is not wanted any more": {[]kube.Object{
			there("a", specOf("1s"), nil), there("b", specOf("2s"), nil), there("c", specOf("2s"), nil),
		}, nil, []string{"c"}},
		"one of another kind has the name": {[]kube.Object{
			there("a", specOf("1s"), nil), there("b", specOf("2s"), nil),
			there("a", specOf("1s"), func(o *kube.Object) { o.Kind = "Gateway" }),
		}, nil, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			work := Plan(desired, test.existing)
			if got := names(work.Apply); !reflect.DeepEqual(got, test.apply) {
				t.Errorf("it applies %v, not %v", got, test.apply)
			}
			if got := names(work.Delete); !reflect.DeepEqual(got, test.removed) {
				t.Errorf("it deletes %v, not %v", got, test.removed)
			}
		})
	}
}

func names(of []kube.Object) []string {
	var all []string
	for _, one := range of {
		all = append(all, one.Metadata.Name)
	}
	return all
}

func TestWhatIsReportedOfServicesAndWorkloads(t *testing.T) {
	service := serviceOf(kube.Object{
		Metadata: kube.Metadata{Namespace: "istio-gateways", Name: "gateway"},
		Spec: kube.As[map[string]any](map[string]any{
			"selector": map[string]any{"app": "gateway"},
			"ports": []any{map[string]any{"name": "http2", "port": 80, "targetPort": 8080},
				map[string]any{"name": "named", "port": 81, "targetPort": "web"}},
		}),
		Status: map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "10.0.0.1"}}}},
	})
	wanted := mesh.Service{
		Name: "gateway", Namespace: "istio-gateways", Selector: map[string]string{"app": "gateway"},
		Ports: []mesh.Port{{Name: "http2", Number: 80, Target: 8080}, {Name: "named", Number: 81}}, Addresses: []string{"10.0.0.1"},
	}
	if !reflect.DeepEqual(service, wanted) {
		t.Errorf("%+v, not %+v", service, wanted)
	}
}
