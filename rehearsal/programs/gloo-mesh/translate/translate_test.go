package translate

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// resource is one of Gloo Mesh, in the namespace bookinfo unless its name says another.
func resource(kind, name, spec string) kube.Object {
	namespace, name := split(name, "bookinfo")
	object := kube.Object{
		Kind: kind, Metadata: kube.Metadata{Namespace: namespace, Name: name, Generation: 7},
	}
	if err := json.Unmarshal([]byte(spec), &object.Spec); err != nil {
		panic(name + ": " + err.Error())
	}
	return object
}

func split(name, otherwise string) (namespace, rest string) {
	if namespace, rest, found := strings.Cut(name, "/"); found {
		return namespace, rest
	}
	return otherwise, name
}

func service(name string, ports ...mesh.Port) mesh.Service {
	labels := map[string]string{"app": name}
	return mesh.Service{Name: name, Namespace: "bookinfo", Labels: labels, Selector: labels, Ports: ports}
}

func workload(cluster, name string) mesh.Workload {
	return mesh.Workload{
		Name: name + "-v1", Namespace: "bookinfo", ServiceAccount: "bookinfo-" + name, Sidecar: true,
		Labels: map[string]string{"app": name, "version": "v1", "mesh-lab/cluster": cluster},
	}
}

var gatewayLabels = map[string]string{"app": "istio-ingressgateway", "istio": "ingressgateway"}

// lab is a management cluster and two others with Bookinfo, of which the first one has an ingress gateway.
func lab(first, management []kube.Object) Input {
	bookinfo := func(name string) mesh.Cluster {
		cluster := mesh.Cluster{Name: name}
		for _, one := range []string{"productpage", "reviews", "ratings"} {
			cluster.Services = append(cluster.Services, service(one, mesh.Port{Name: "http", Number: 9080}))
			cluster.Workloads = append(cluster.Workloads, workload(name, one))
		}
		return cluster
	}
	one, two := bookinfo("devcluster1"), bookinfo("devcluster2")
	one.Services = append(one.Services, mesh.Service{
		Name: "istio-ingressgateway", Namespace: "istio-gateways", Selector: gatewayLabels,
		Ports: []mesh.Port{{Name: "http2", Number: 80, Target: 8080}, {Name: "https", Number: 443, Target: 8443}},
	})
	one.Workloads = append(one.Workloads, mesh.Workload{
		Name: "istio-ingressgateway", Namespace: "istio-gateways", Labels: gatewayLabels, ServiceAccount: "istio-ingressgateway",
	})
	one.Resources = first
	own := append([]kube.Object{
		resource("KubernetesCluster", "gloo-mesh/devcluster1", `{"clusterDomain": "cluster.local"}`),
		resource("KubernetesCluster", "gloo-mesh/devcluster2", `{"clusterDomain": "cluster.two"}`),
		resource("Workspace", "gloo-mesh/developers", `{"workloadClusters": [{"name": "*", "namespaces": [{"name": "*"}]}]}`),
	}, management...)
	return Input{Management: "devmgmt", Clusters: []mesh.Cluster{{Name: "devmgmt", Resources: own}, one, two}}
}

var gateway = resource("VirtualGateway", "istio-gateways/north-south-gw", `{
	"workloads": [{"selector": {"labels": {"istio": "ingressgateway"}, "cluster": "devcluster1"}}],
	"listeners": [{"http": {}, "port": {"number": 80}, "allowedRouteTables": [{"host": "*"}]}]
}`)

const (
	attached  = `"virtualGateways": [{"name": "north-south-gw", "namespace": "istio-gateways", "cluster": "devcluster1"}]`
	selecting = `"workloadSelectors": [{"selector": {"labels": {"mesh-lab/cluster": "devcluster1"}}}]`
)

// table is a route table with one route, and what more it has.
func table(name, more, destinations string) kube.Object {
	return resource("RouteTable", name, `{"hosts": ["`+name+`.bookinfo.svc.cluster.local"], `+more+`, "http": [{
		"name": "`+name+`", "labels": {"route": "`+name+`"}, "matchers": [{"uri": {"prefix": "/"}}],
		"forwardTo": {"destinations": [`+destinations+`]}
	}]}`)
}

func to(name string) string {
	return `{"ref": {"name": "` + name + `", "namespace": "bookinfo"}, "port": {"number": 9080}}`
}

const (
	onReviews   = `"applyToRoutes": [{"route": {"labels": {"route": "reviews"}}}]`
	toReviews   = `{"destination": {"host": "reviews.bookinfo.svc.cluster.local", "port": {"number": 9080}}}`
	fromReviews = `"match": [{"uri": {"prefix": "/"}, "sourceLabels": {"mesh-lab/cluster": "devcluster1"}}], "name": "reviews"`
	reviewsIn   = "devcluster1 VirtualService bookinfo/routetable-reviews-bookinfo-devcluster1-developers"
)

// reviews is what becomes of the route to reviews, with what more it has.
func reviews(more string) string {
	return `{"hosts": ["reviews.bookinfo.svc.cluster.local"], "gateways": ["mesh"], "exportTo": ["."],
		"http": [{` + fromReviews + `, "route": [` + toReviews + `]` + more + `}]}`
}

func TestTranslate(t *testing.T) {
	gatewayIn := "devcluster1 Gateway istio-gateways/" +
		joined("virtualgateway", "north-south-gw", "istio-gateways", "devcluster1", "developers")
	pageIn := "devcluster1 VirtualService istio-gateways/" +
		joined("routetable", "productpage", "bookinfo", "devcluster1", "developers", "north-south-gw")
	gatewayName := strings.TrimPrefix(gatewayIn, "devcluster1 Gateway ")
	plainGateway := `{"selector": {"istio": "ingressgateway"},
		"servers": [{"port": {"number": 8080, "name": "http-8080", "protocol": "HTTP"}, "hosts": ["*"]}]}`
	reviewsTable := table("reviews", selecting, to("reviews"))

	for name, test := range map[string]struct {
		first, management []kube.Object
		// Objects by cluster, kind and name, as JSON.
		objects map[string]string
		// Statuses other than ACCEPTED, by kind and name.
		statuses map[string]string
	}{
		"the way in": {
			first: []kube.Object{gateway, table("productpage", attached+`, "workloadSelectors": []`, to("productpage"))},
			objects: map[string]string{
				gatewayIn: plainGateway,
				pageIn: `{"hosts": ["productpage.bookinfo.svc.cluster.local"], "gateways": ["` + gatewayName + `"],
					"http": [{"name": "productpage", "match": [{"uri": {"prefix": "/"}}], "route": [
						{"destination": {"host": "productpage.bookinfo.svc.cluster.local", "port": {"number": 9080}}}]}]}`,
			},
		},
		"a gateway with a certificate, and one host for some tables": {
			first: []kube.Object{
				resource("VirtualGateway", "istio-gateways/north-south-gw", `{
					"workloads": [{"selector": {"labels": {"istio": "ingressgateway"}}}],
					"listeners": [{"http": {}, "port": {"number": 443}, "tls": {"mode": "SIMPLE", "secretName": "tls"},
						"allowedRouteTables": [{"host": "*.lab.test", "selector": {"labels": {"expose": "true"}}}]}]
				}`),
				table("productpage", attached, to("productpage")),
			},
			objects: map[string]string{gatewayIn: `{"selector": {"istio": "ingressgateway"}, "servers": [{
				"port": {"number": 8443, "name": "https-8443", "protocol": "HTTPS"}, "hosts": ["*.lab.test"],
				"tls": {"mode": "SIMPLE", "credentialName": "tls"}}]}`},
			statuses: map[string]string{"RouteTable bookinfo/productpage": "WARNING no listener of VirtualGateway " +
				"istio-gateways/north-south-gw on devcluster1 allows it"},
		},
		"a gateway that is not there": {
			first:   []kube.Object{table("productpage", attached, to("productpage"))},
			objects: map[string]string{},
			statuses: map[string]string{"RouteTable bookinfo/productpage": "INVALID VirtualGateway " +
				"istio-gateways/north-south-gw on devcluster1 not found"},
		},
		"a gateway without workloads": {
			first: []kube.Object{resource("VirtualGateway", "gw",
				`{"workloads": [{"selector": {"labels": {"istio": "none"}}}], "listeners": [{"http": {}, "port": {"number": 80}}]}`)},
			objects:  map[string]string{},
			statuses: map[string]string{"VirtualGateway bookinfo/gw": "WARNING it selects no workload"},
		},
		"a route inside": {
			first:   []kube.Object{reviewsTable},
			objects: map[string]string{reviewsIn: reviews("")},
		},
		"what is on the management cluster": {
			management: []kube.Object{table("reviews", selecting, to("reviews"))},
			objects: map[string]string{
				"devcluster1 VirtualService bookinfo/routetable-reviews-bookinfo-devmgmt-developers": reviews(""),
			},
		},
		"shares of versions": {
			first: []kube.Object{table("reviews", selecting,
				strings.TrimSuffix(to("reviews"), "}")+`, "weight": 80}, `+
					strings.TrimSuffix(to("reviews"), "}")+`, "weight": 20, "subset": {"version": "v3"}}`)},
			objects: map[string]string{
				reviewsIn: `{"hosts": ["reviews.bookinfo.svc.cluster.local"], "gateways": ["mesh"], "exportTo": ["."], "http": [{` +
					fromReviews + `, "route": [
						{"destination": {"host": "reviews.bookinfo.svc.cluster.local", "port": {"number": 9080}}, "weight": 80},
						{"destination": {"host": "reviews.bookinfo.svc.cluster.local", "port": {"number": 9080},
							"subset": "version-v3"}, "weight": 20}]}]}`,
				"devcluster1 DestinationRule bookinfo/destination-reviews-bookinfo-devcluster1": `{
					"host": "reviews.bookinfo.svc.cluster.local", "subsets": [{"name": "version-v3", "labels": {"version": "v3"}}]}`,
			},
		},
		"a service that is not there": {
			first: []kube.Object{table("reviews", selecting, to("stars"))},
			objects: map[string]string{reviewsIn: strings.ReplaceAll(reviews(""),
				toReviews, strings.Replace(toReviews, "reviews", "stars", 1))},
			statuses: map[string]string{"RouteTable bookinfo/reviews": "INVALID Service bookinfo/stars not found on devcluster1"},
		},
		"a destination that nothing leads to": {
			first: []kube.Object{table("reviews", selecting,
				`{"kind": "VIRTUAL_DESTINATION", "ref": {"name": "reviews"}, "port": {"number": 9080}}`)},
			objects: map[string]string{reviewsIn: strings.Replace(reviews(""),
				`"route": [`+toReviews+`]`, `"directResponse": {"status": 503}`, 1)},
			statuses: map[string]string{"RouteTable bookinfo/reviews": "WARNING the rehearsal leads no requests to a " +
				"destination of kind VIRTUAL_DESTINATION"},
		},
		"other matchers, and answers of the route itself": {
			first: []kube.Object{resource("RouteTable", "many", `{"hosts": ["*"], `+attached+`, "http": [
				{"matchers": [{"uri": {"exact": "/a"}, "method": "GET"}, {"uri": {"regex": "/b.*", "ignoreCase": true}}],
					"redirect": {"hostRedirect": "c.test", "responseCode": "FOUND"}},
				{"matchers": [{"headers": [{"name": "x-a", "value": "1"}, {"name": "x-b", "value": "2.*", "regex": true, "invertMatch": true}],
					"queryParameters": [{"name": "q"}]}], "directResponse": {"status": 418, "body": "tea"}}
			]}`), gateway},
			objects: map[string]string{
				gatewayIn: plainGateway,
				"devcluster1 VirtualService istio-gateways/" + joined("routetable", "many", "bookinfo", "devcluster1", "developers",
					"north-south-gw"): `{"hosts": ["*"], "gateways": ["` + gatewayName + `"], "http": [
					{"match": [{"uri": {"exact": "/a"}, "method": {"exact": "GET"}}, {"uri": {"regex": "/b.*"}, "ignoreUriCase": true}],
						"redirect": {"authority": "c.test", "redirectCode": 302}},
					{"match": [{"headers": {"x-a": {"exact": "1"}}, "withoutHeaders": {"x-b": {"regex": "2.*"}}, "queryParams": {"q": {}}}],
						"directResponse": {"status": 418, "body": {"string": "tea"}}}]}`,
			},
		},
		"a delegated table": {
			first: []kube.Object{
				resource("RouteTable", "parent", `{"hosts": ["*"], `+selecting+`, "http": [{"matchers": [{"uri": {"prefix": "/"}}],
					"delegate": {"routeTables": [{"labels": {"delegated": "true"}}]}}]}`),
				func() kube.Object {
					child := resource("RouteTable", "child", `{"http": [{"name": "child", "forwardTo": {"destinations": [`+to("reviews")+`]}}]}`)
					child.Metadata.Labels = map[string]string{"delegated": "true"}
					return child
				}(),
			},
			objects: map[string]string{
				"devcluster1 VirtualService bookinfo/routetable-parent-bookinfo-devcluster1-developers": `{
					"hosts": ["*"], "gateways": ["mesh"], "exportTo": ["."], "http": [{"name": "child",
					"match": [{"uri": {"prefix": "/"}, "sourceLabels": {"mesh-lab/cluster": "devcluster1"}}],
					"route": [` + toReviews + `]}]}`,
			},
		},
		"faults": {
			first: []kube.Object{reviewsTable, resource("FaultInjectionPolicy", "faults", `{`+onReviews+`,
				"config": {"delay": {"fixedDelay": "2s", "percentage": 50}, "abort": {"httpStatus": 503}}}`)},
			objects: map[string]string{reviewsIn: reviews(`, "fault": {"delay": {"fixedDelay": "2s", "percentage": {"value": 50}},
				"abort": {"httpStatus": 503, "percentage": {"value": 100}}}`)},
		},
		"retries and timeouts": {
			first: []kube.Object{reviewsTable,
				resource("RetryTimeoutPolicy", "retries", `{`+onReviews+`,
					"config": {"retries": {"attempts": 3, "perTryTimeout": "3s", "retryOn": "5xx"}}}`),
				resource("RetryTimeoutPolicy", "timeouts", `{`+onReviews+`, "config": {"requestTimeout": "0.5s"}}`),
			},
			objects: map[string]string{reviewsIn: reviews(
				`, "timeout": "0.5s", "retries": {"attempts": 3, "perTryTimeout": "3s", "retryOn": "5xx"}`)},
		},
		"mirroring": {
			first: []kube.Object{reviewsTable, resource("MirrorPolicy", "mirroring", `{`+onReviews+`,
				"config": {"destination": `+to("ratings")+`, "percentage": 0}}`)},
			objects: map[string]string{reviewsIn: reviews(`, "mirror": {"host": "ratings.bookinfo.svc.cluster.local",
				"port": {"number": 9080}}, "mirrorPercentage": {"value": 0}`)},
		},
		"headers": {
			first: []kube.Object{reviewsTable, resource("HeaderManipulationPolicy", "headers", `{
				"config": {"appendResponseHeaders": {"x-a": "1"}, "removeRequestHeaders": ["x-b"]}}`)},
			objects: map[string]string{reviewsIn: reviews(
				`, "headers": {"request": {"remove": ["x-b"]}, "response": {"add": {"x-a": "1"}}}`)},
		},
		"origins": {
			first: []kube.Object{reviewsTable, resource("CORSPolicy", "cors", `{`+onReviews+`,
				"config": {"allowOrigins": [{"exact": "https://a.test"}], "allowMethods": ["GET"], "maxAge": "1d"}}`)},
			objects: map[string]string{reviewsIn: reviews(
				`, "corsPolicy": {"allowOrigins": [{"exact": "https://a.test"}], "allowMethods": ["GET"], "maxAge": "1d"}`)},
		},
		"a policy for no route": {
			first: []kube.Object{reviewsTable, resource("FaultInjectionPolicy", "faults",
				`{"applyToRoutes": [{"route": {"labels": {"route": "none"}}}], "config": {"abort": {"httpStatus": 503}}}`)},
			objects:  map[string]string{reviewsIn: reviews("")},
			statuses: map[string]string{"FaultInjectionPolicy bookinfo/faults": "WARNING it selects no route"},
		},
		"endpoints that are left out": {
			first: []kube.Object{resource("OutlierDetectionPolicy", "outliers", `{
				"applyToDestinations": [{"selector": {"cluster": "devcluster2", "labels": {"app": "ratings"}}}],
				"config": {"consecutiveErrors": 2, "interval": "5s", "baseEjectionTime": "30s", "maxEjectionPercent": 100}}`)},
			objects: map[string]string{
				"devcluster2 DestinationRule bookinfo/destination-ratings-bookinfo-devcluster2": `{
					"host": "ratings.bookinfo.svc.cluster.two", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 2,
					"interval": "5s", "baseEjectionTime": "30s", "maxEjectionPercent": 100}}}`,
			},
		},
		"who may be a client": {
			first: []kube.Object{resource("AccessPolicy", "ratings-access", `{
				"applyToDestinations": [{"selector": {"cluster": "devcluster1", "labels": {"app": "ratings"}}}],
				"config": {"authn": {"tlsMode": "STRICT"}, "authz": {"allowedMethods": ["GET"],
					"allowedClients": [{"serviceAccountSelector": {"name": "bookinfo-reviews", "namespace": "bookinfo"}}]}}}`)},
			objects: map[string]string{
				"devcluster1 AuthorizationPolicy bookinfo/access-ratings-access-ratings-bookinfo": `{
					"selector": {"matchLabels": {"app": "ratings"}}, "action": "ALLOW", "rules": [{"from": [{"source": {"principals": [
						"devcluster1/ns/bookinfo/sa/bookinfo-reviews", "devcluster2/ns/bookinfo/sa/bookinfo-reviews"]}}],
						"to": [{"operation": {"methods": ["GET"]}}]}]}`,
				"devcluster1 PeerAuthentication bookinfo/access-ratings-access-ratings-bookinfo": `{
					"selector": {"matchLabels": {"app": "ratings"}}, "mtls": {"mode": "STRICT"}}`,
			},
		},
		"a policy that the program does not know": {
			first:    []kube.Object{resource("WAFPolicy", "waf", `{}`)},
			objects:  map[string]string{},
			statuses: map[string]string{"WAFPolicy bookinfo/waf": "WARNING the rehearsal's stand-in for Gloo Mesh makes nothing of a WAFPolicy"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			output := Translate(lab(test.first, test.management))
			got := map[string]any{}
			for cluster, objects := range output.Objects {
				for _, object := range objects {
					got[cluster+" "+mesh.Key(object)] = kube.As[any](object.Spec)
				}
			}
			wanted := map[string]any{}
			for key, text := range test.objects {
				var spec any
				if err := json.Unmarshal([]byte(text), &spec); err != nil {
					t.Fatal(key, err)
				}
				wanted[key] = spec
			}
			if !reflect.DeepEqual(got, wanted) {
				t.Errorf("it makes\n%s\nnot\n%s", indented(got), indented(wanted))
			}
			if said := complaints(output); len(said)+len(test.statuses) > 0 && !reflect.DeepEqual(said, test.statuses) {
				t.Errorf("it says\n%s\nnot\n%s", indented(said), indented(test.statuses))
			}
		})
	}
}

func complaints(of Output) map[string]string {
	said := map[string]string{}
	for _, statuses := range of.Statuses {
		for _, one := range statuses {
			if one.Approval != mesh.Accepted {
				said[one.Kind+" "+one.Namespace+"/"+one.Name] = one.Approval + " " + one.Message
			}
		}
	}
	return said
}

func indented(of any) string {
	text, _ := json.MarshalIndent(of, "", " ")
	return string(text)
}

func TestIsolation(t *testing.T) {
	output := Translate(lab([]kube.Object{
		resource("WorkspaceSettings", "gloo-mesh/developers", `{"options": {"serviceIsolation": {"enabled": true}}}`),
		resource("AccessPolicy", "ratings-access", `{"applyToDestinations": [{"selector": {"labels": {"app": "ratings"}}}]}`),
	}, nil))
	var guards []string
	for _, object := range output.Objects["devcluster1"] {
		if object.Kind == "AuthorizationPolicy" {
			guards = append(guards, object.Metadata.Name)
		}
	}
	// Gateways, which have no sidecars, stay open to the world.
	wanted := []string{"access-ratings-access-ratings-bookinfo", "settings-productpage-bookinfo-developers",
		"settings-reviews-bookinfo-developers"}
	if !reflect.DeepEqual(guards, wanted) {
		t.Errorf("%v are guarded, not %v", guards, wanted)
	}
	rules := indented(output.Objects["devcluster1"][1].Spec["rules"])
	for _, member := range []string{"devcluster1/*", "devcluster2/*"} {
		if !strings.Contains(rules, member) {
			t.Errorf("%s may not come in: %s", member, rules)
		}
	}
}

func TestWhatIsInNoWorkspace(t *testing.T) {
	input := lab([]kube.Object{table("reviews", selecting, to("reviews"))}, nil)
	input.Clusters[0].Resources[2] = resource("Workspace", "gloo-mesh/developers",
		`{"workloadClusters": [{"name": "devcluster1", "namespaces": [{"name": "book"}, {"name": "gloo-*"}]}]}`)
	output := Translate(input)
	wanted := map[string]string{"RouteTable bookinfo/reviews": "WARNING its namespace is in no workspace"}
	if said := complaints(output); len(output.Objects) > 0 || !reflect.DeepEqual(said, wanted) {
		t.Errorf("it says %v, and makes %v", said, output.Objects)
	}
}

func TestWhatCouldNotBeWrittenIsSaidOfItsParent(t *testing.T) {
	input := lab([]kube.Object{table("reviews", selecting, to("reviews"))}, nil)
	key := strings.TrimPrefix(reviewsIn, "devcluster1 ")
	input.Clusters[1].Failures = map[string]string{key: "the webhook is down"}
	wanted := map[string]string{"RouteTable bookinfo/reviews": "FAILED " + key + " on devcluster1: the webhook is down"}
	if said := complaints(Translate(input)); !reflect.DeepEqual(said, wanted) {
		t.Errorf("it says %v, not %v", said, wanted)
	}
}

func TestObjectsSayWhatTheyAreMadeOf(t *testing.T) {
	output := Translate(lab([]kube.Object{table("reviews", selecting, to("reviews"))}, nil))
	wanted := map[string]string{
		"reconciler.mesh.gloo.solo.io/name":   "translator",
		"gloo.solo.io/parent_kind":            "RouteTable",
		"gloo.solo.io/parent_name":            "reviews",
		"gloo.solo.io/parent_namespace":       "bookinfo",
		"gloo.solo.io/parent_cluster":         "devcluster1",
		"context.mesh.gloo.solo.io/workspace": "developers",
	}
	if got := output.Objects["devcluster1"][0].Metadata.Labels; !reflect.DeepEqual(got, wanted) {
		t.Errorf("%v, not %v", got, wanted)
	}
	for _, status := range output.Statuses["devcluster1"] {
		if status.Generation != 7 {
			t.Errorf("%s is of generation %d", status.Name, status.Generation)
		}
	}
}

func TestLongNamesStayApart(t *testing.T) {
	long := strings.Repeat("a", 60)
	one, other := joined(long, "one"), joined(long, "two")
	if len(one) > longestName || one == other {
		t.Errorf("%s and %s", one, other)
	}
}
