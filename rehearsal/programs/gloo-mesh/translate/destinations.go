package translate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rehearsal/programs/gloo-mesh/mesh"
)

type target struct {
	Host   string      `json:"host"`
	Port   *targetPort `json:"port,omitempty"`
	Subset string      `json:"subset,omitempty"`
}

type targetPort struct {
	Number int `json:"number"`
}

func quoted(text string) string { return regexp.QuoteMeta(text) }

// weighted are the destinations of a route, each with its share of the requests.
func (w *world) weighted(to routing, destinations []destination) []weighted {
	var routes []weighted
	sum := 0
	for _, one := range destinations {
		found, known := w.target(to.table, to.table, to.at, one)
		if !known {
			continue
		}
		routes = append(routes, weighted{found, one.Weight})
		sum += one.Weight
	}
	if sum == 0 && len(routes) > 1 {
		for index := range routes {
			routes[index].Weight = 1
		}
	}
	return routes
}

// target is how the proxies of a cluster know a destination; what is wrong with it is said of the resource that names
// it. By itself a reference means the cluster and namespace of that resource.
func (w *world) target(owner, blamed *located, at space, to destination) (target, bool) {
	namespace := cmp.Or(to.Ref.Namespace, owner.namespace())
	cluster := cmp.Or(to.Ref.Cluster, owner.cluster)
	if _, isWorkload := w.domains[cluster]; to.Ref.Cluster == "" && !isWorkload {
		// The management cluster has no services of its own.
		cluster = at.cluster
	}
	if to.Kind != "" && to.Kind != "SERVICE" {
		blamed.note(mesh.Warning, fmt.Sprintf("the rehearsal leads no requests to a destination of kind %s", to.Kind))
		return target{}, false
	}
	service, found := w.service(cluster, namespace, to.Ref.Name)
	if !found {
		blamed.note(mesh.Invalid, fmt.Sprintf("Service %s/%s not found on %s", namespace, to.Ref.Name, cluster))
	}
	if cluster != at.cluster {
		blamed.note(mesh.Warning, fmt.Sprintf("the rehearsal leads no requests from %s to %s", at.cluster, cluster))
		return target{}, false
	}
	into := target{Host: w.hostOf(cluster, namespace, to.Ref.Name)}
	if number := numberOf(service, to.Port); number > 0 {
		into.Port = &targetPort{number}
	}
	if len(to.Subset) > 0 {
		into.Subset = w.rule(ruleKey{space{at.cluster, namespace}, into.Host}, blamed).subset(to.Subset)
	}
	return into, true
}

// numberOf is a port of a service, by its number or its name; none is needed where there is but one.
func numberOf(service mesh.Service, wanted port) int {
	for _, one := range service.Ports {
		if wanted.Number == 0 && one.Name == wanted.Name {
			return one.Number
		}
	}
	if wanted.Number == 0 && len(service.Ports) == 1 {
		return service.Ports[0].Number
	}
	return wanted.Number
}

type ruleKey struct {
	space
	host string
}

// rule is what becomes one DestinationRule: there may be but one for a host.
type rule struct {
	parent  *located
	subsets map[string]map[string]string
	outlier *outlierDetection
}

type destinationRule struct {
	Host          string         `json:"host"`
	TrafficPolicy *trafficPolicy `json:"trafficPolicy,omitempty"`
	Subsets       []subset       `json:"subsets,omitempty"`
}

type trafficPolicy struct {
	OutlierDetection *outlierDetection `json:"outlierDetection,omitempty"`
}

type subset struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// rule is that of a host, made for the first resource that needs it.
func (w *world) rule(key ruleKey, parent *located) *rule {
	if w.rules[key] == nil {
		w.rules[key] = &rule{parent: parent, subsets: map[string]map[string]string{}}
	}
	return w.rules[key]
}

// subset is the name of the pods with these labels.
func (r *rule) subset(labels map[string]string) string {
	var parts []string
	for _, key := range sortedKeys(labels) {
		parts = append(parts, key, labels[key])
	}
	name := strings.Trim(joined(regexp.MustCompile(`[^a-zA-Z0-9-]+`).ReplaceAllString(strings.Join(parts, "-"), "-")), "-")
	r.subsets[name] = labels
	return name
}

func (w *world) destinationRules() {
	keys := slices.SortedFunc(maps.Keys(w.rules), func(a, b ruleKey) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.host, b.host))
	})
	for _, key := range keys {
		rule := w.rules[key]
		into := destinationRule{Host: key.host}
		if rule.outlier != nil {
			into.TrafficPolicy = &trafficPolicy{OutlierDetection: rule.outlier}
		}
		for _, name := range sortedKeys(rule.subsets) {
			into.Subsets = append(into.Subsets, subset{name, rule.subsets[name]})
		}
		service, _, _ := strings.Cut(key.host, ".")
		w.emit(key.space, "DestinationRule", joined("destination", service, key.namespace, key.cluster), into, rule.parent)
	}
}
