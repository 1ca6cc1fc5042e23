package translate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

type virtualService struct {
	Hosts    []string     `json:"hosts"`
	Gateways []string     `json:"gateways"`
	ExportTo []string     `json:"exportTo,omitempty"`
	HTTP     []*httpRoute `json:"http"`
}

type httpRoute struct {
	Name             string          `json:"name,omitempty"`
	Match            []httpMatch     `json:"match,omitempty"`
	Route            []weighted      `json:"route,omitempty"`
	Rewrite          *rewrite        `json:"rewrite,omitempty"`
	Redirect         *redirect       `json:"redirect,omitempty"`
	DirectResponse   *directResponse `json:"directResponse,omitempty"`
	Fault            *fault          `json:"fault,omitempty"`
	Timeout          string          `json:"timeout,omitempty"`
	Retries          *retries        `json:"retries,omitempty"`
	Mirror           *target         `json:"mirror,omitempty"`
	MirrorPercentage *percent        `json:"mirrorPercentage,omitempty"`
	Headers          *headers        `json:"headers,omitempty"`
	CorsPolicy       *cors           `json:"corsPolicy,omitempty"`
}

type httpMatch struct {
	URI            map[string]string            `json:"uri,omitempty"`
	IgnoreURICase  bool                         `json:"ignoreUriCase,omitempty"`
	Method         map[string]string            `json:"method,omitempty"`
	Headers        map[string]map[string]string `json:"headers,omitempty"`
	WithoutHeaders map[string]map[string]string `json:"withoutHeaders,omitempty"`
	QueryParams    map[string]map[string]string `json:"queryParams,omitempty"`
	SourceLabels   map[string]string            `json:"sourceLabels,omitempty"`
}

type weighted struct {
	Destination target `json:"destination"`
	Weight      int    `json:"weight,omitempty"`
}

type rewrite struct {
	URI string `json:"uri,omitempty"`
}

type redirect struct {
	URI          string `json:"uri,omitempty"`
	Authority    string `json:"authority,omitempty"`
	RedirectCode int    `json:"redirectCode,omitempty"`
}

type directResponse struct {
	Status int            `json:"status"`
	Body   map[string]any `json:"body,omitempty"`
}

// redirectCodes are Gloo Mesh's words for them.
var redirectCodes = map[string]int{
	"MOVED_PERMANENTLY": 301, "FOUND": 302, "SEE_OTHER": 303, "TEMPORARY_REDIRECT": 307, "PERMANENT_REDIRECT": 308,
}

// routeTable makes a VirtualService for each gateway, and for each namespace with workloads, that the table is for.
func (w *world) routeTable(table *located) {
	spec := kube.As[routeTableSpec](table.object.Spec)
	parts := []string{"routetable", table.name(), table.namespace(), table.cluster, table.workspace.name}
	for _, ref := range spec.VirtualGateways {
		gateway := w.find("VirtualGateway", ref, table)
		if gateway == nil {
			table.note(mesh.Invalid, fmt.Sprintf("VirtualGateway %s/%s on %s not found",
				cmp.Or(ref.Namespace, table.namespace()), ref.Name, cmp.Or(ref.Cluster, table.cluster)))
			continue
		}
		hosts := allowedHosts(gateway, table, spec.Hosts)
		if len(hosts) == 0 {
			table.note(mesh.Warning, "no listener of VirtualGateway "+gateway.place()+" allows it")
			continue
		}
		for _, place := range w.gateways[gateway] {
			w.emit(place.space, "VirtualService", joined(append(parts, gateway.name())...), virtualService{
				Hosts:    hosts,
				Gateways: []string{place.namespace + "/" + place.name},
				HTTP:     w.httpRoutes(routing{table: table, at: place.space}, spec.Http),
			}, table)
		}
	}
	for index, each := range spec.WorkloadSelectors {
		found := w.workloads(table.workspace, each.Selector)
		if len(found) == 0 {
			table.note(mesh.Warning, "a workload selector of it selects no workload")
		}
		for _, at := range spaces(found) {
			own := parts
			if index > 0 {
				own = append(slices.Clone(parts), fmt.Sprint(index))
			}
			w.emit(at, "VirtualService", joined(own...), virtualService{
				Hosts:    spec.Hosts,
				Gateways: []string{"mesh"},
				ExportTo: []string{"."},
				HTTP: w.httpRoutes(routing{table: table, at: at, sources: each.Selector.Labels},
					spec.Http),
			}, table)
		}
	}
}

// routing is where routes of a table are to be, and for whom.
type routing struct {
	table   *located
	at      space
	sources map[string]string
	// depth is how many tables have delegated to this one.
	depth int
}

const deepest = 10

func (w *world) httpRoutes(to routing, from []route) []*httpRoute {
	var routes []*httpRoute
	for _, one := range from {
		if one.Delegate != nil {
			routes = append(routes, w.delegated(to, one)...)
			continue
		}
		routes = append(routes, w.httpRoute(to, one))
	}
	return routes
}

func (w *world) httpRoute(to routing, from route) *httpRoute {
	into := &httpRoute{Name: from.Name, Match: matchesOf(from.Matchers, to.sources)}
	switch {
	case from.ForwardTo != nil:
		into.Route = w.weighted(to, from.ForwardTo.Destinations)
		if len(into.Route) == 0 {
			// Istio refuses a route that leads nowhere, and with it all others of the table.
			into.DirectResponse = &directResponse{Status: 503}
			break
		}
		if from.ForwardTo.PathRewrite != "" {
			into.Rewrite = &rewrite{from.ForwardTo.PathRewrite}
		}
	case from.Redirect != nil:
		into.Redirect = &redirect{from.Redirect.PathRedirect, from.Redirect.HostRedirect,
			redirectCodes[from.Redirect.ResponseCode]}
	case from.DirectResponse != nil:
		into.DirectResponse = &directResponse{Status: from.DirectResponse.Status}
		if from.DirectResponse.Body != "" {
			into.DirectResponse.Body = map[string]any{"string": from.DirectResponse.Body}
		}
	}
	w.applyPolicies(to, from, into)
	return into
}

// delegated are the routes of the tables that a route leaves its requests to.
func (w *world) delegated(to routing, from route) []*httpRoute {
	type child struct {
		*located
		spec routeTableSpec
	}
	var children []child
	for _, table := range w.of("RouteTable") {
		selected := slices.ContainsFunc(from.Delegate.RouteTables, func(s selector) bool { return s.matches(table) })
		if selected && table != to.table && table.workspace == to.table.workspace {
			children = append(children, child{table, kube.As[routeTableSpec](table.object.Spec)})
		}
	}
	if len(children) == 0 {
		to.table.note(mesh.Warning, "route "+from.Name+" delegates to no RouteTable")
	}
	if to.depth == deepest {
		to.table.note(mesh.Invalid, "its routes are delegated in a circle")
		return nil
	}
	slices.SortStableFunc(children, func(a, b child) int { return cmp.Compare(b.spec.Weight, a.spec.Weight) })
	var routes []*httpRoute
	for _, one := range children {
		own := slices.Clone(one.spec.Http)
		for index := range own {
			if len(own[index].Matchers) == 0 {
				own[index].Matchers = from.Matchers
			}
			labels := maps.Clone(from.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			maps.Copy(labels, own[index].Labels)
			own[index].Labels = labels
		}
		routes = append(routes, w.httpRoutes(routing{one.located, to.at, to.sources, to.depth + 1}, own)...)
	}
	if from.Delegate.SortMethod == "ROUTE_SPECIFICITY" {
		slices.SortStableFunc(routes, func(a, b *httpRoute) int { return cmp.Compare(specificity(b), specificity(a)) })
	}
	return routes
}

// specificity orders routes by their paths: a whole one comes before any part of one, a long part before a short one.
func specificity(of *httpRoute) int {
	most := 0
	for _, match := range of.Match {
		if match.URI["exact"] != "" {
			most = max(most, 1<<20)
		}
		most = max(most, len(match.URI["prefix"]), len(match.URI["regex"]))
	}
	return most
}

// matchesOf has every condition; a route for some workloads only has at least the one of who they are.
func matchesOf(matchers []matcher, sources map[string]string) []httpMatch {
	var matches []httpMatch
	for _, from := range matchers {
		into := httpMatch{SourceLabels: sources}
		if from.Uri != nil {
			into.URI, into.IgnoreURICase = uriOf(*from.Uri), from.Uri.IgnoreCase
		}
		if from.Method != "" {
			into.Method = map[string]string{"exact": from.Method}
		}
		for _, header := range from.Headers {
			if header.InvertMatch {
				put(&into.WithoutHeaders, header)
			} else {
				put(&into.Headers, header)
			}
		}
		for _, parameter := range from.QueryParameters {
			put(&into.QueryParams, parameter)
		}
		matches = append(matches, into)
	}
	if len(matches) == 0 && len(sources) > 0 {
		return []httpMatch{{SourceLabels: sources}}
	}
	return matches
}

func uriOf(from stringMatch) map[string]string {
	switch {
	case from.Exact != "":
		return map[string]string{"exact": from.Exact}
	case from.Regex != "":
		return map[string]string{"regex": from.Regex}
	case from.Suffix != "":
		return map[string]string{"regex": ".*" + quoted(from.Suffix)}
	default:
		return map[string]string{"prefix": cmp.Or(from.Prefix, "/")}
	}
}

func put(into *map[string]map[string]string, from valueMatch) {
	if *into == nil {
		*into = map[string]map[string]string{}
	}
	how := "exact"
	switch {
	case from.Regex:
		how = "regex"
	case from.Value == "":
		// That there is one at all.
		(*into)[from.Name] = map[string]string{}
		return
	}
	(*into)[from.Name] = map[string]string{how: from.Value}
}
