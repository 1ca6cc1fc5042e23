package translate

import (
	"cmp"
	"fmt"
	"strings"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// gatewayPlace is a Gateway of Istio that was made of a VirtualGateway.
type gatewayPlace struct {
	space
	name string
}

type istioGateway struct {
	Selector map[string]string `json:"selector"`
	Servers  []server          `json:"servers"`
}

type server struct {
	Port  serverPort `json:"port"`
	Hosts []string   `json:"hosts"`
	TLS   *serverTLS `json:"tls,omitempty"`
}

type serverPort struct {
	Number   int    `json:"number"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
}

type serverTLS struct {
	HTTPSRedirect   bool     `json:"httpsRedirect,omitempty"`
	Mode            string   `json:"mode,omitempty"`
	CredentialName  string   `json:"credentialName,omitempty"`
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
}

// virtualGateway makes a Gateway wherever the VirtualGateway selects workloads.
func (w *world) virtualGateway(one *located) {
	spec := kube.As[virtualGatewaySpec](one.object.Spec)
	selectors := spec.Workloads
	if len(selectors) == 0 {
		selectors = []workloadSelector{{selector{Labels: map[string]string{"istio": "ingressgateway"}}}}
	}
	for index, each := range selectors {
		found := w.workloads(one.workspace, each.Selector)
		for _, at := range spaces(found) {
			parts := []string{"virtualgateway", one.name(), one.namespace(), one.cluster, one.workspace.name}
			if index > 0 {
				parts = append(parts, fmt.Sprint(index))
			}
			labels := each.Selector.Labels
			if len(labels) == 0 {
				labels = found[at][0].Labels
			}
			place := gatewayPlace{at, joined(parts...)}
			w.gateways[one] = append(w.gateways[one], place)
			gateway := istioGateway{Selector: labels}
			for _, listener := range spec.Listeners {
				gateway.Servers = append(gateway.Servers, w.server(listener, at, found[at][0]))
			}
			w.emit(at, "Gateway", place.name, gateway, one)
		}
	}
	if len(w.gateways[one]) == 0 {
		one.note(mesh.Warning, "it selects no workload")
	}
}

func (w *world) server(from listener, at space, workload mesh.Workload) server {
	protocol := "HTTP"
	var tls *serverTLS
	switch {
	case from.Tls != nil:
		tls = &serverTLS{Mode: cmp.Or(from.Tls.Mode, "PASSTHROUGH"), CredentialName: from.Tls.SecretName,
			SubjectAltNames: from.Tls.VerifySubjectAltName}
		protocol = "HTTPS"
		if from.Http == nil || strings.HasSuffix(tls.Mode, "PASSTHROUGH") {
			protocol = "TLS"
		}
	case from.Tcp != nil:
		protocol = "TCP"
	case from.HttpsRedirect:
		tls = &serverTLS{HTTPSRedirect: true}
	}
	number := w.targetPort(at, workload, from.Port)
	return server{
		Port:  serverPort{number, fmt.Sprintf("%s-%d", strings.ToLower(protocol), number), protocol},
		Hosts: hostsOf(from),
		TLS:   tls,
	}
}

// hostsOf are those that a listener lets route tables have.
func hostsOf(from listener) []string {
	var hosts []string
	for _, allowed := range from.AllowedRouteTables {
		hosts = append(hosts, cmp.Or(allowed.Host, "*"))
	}
	if len(hosts) == 0 {
		return []string{"*"}
	}
	return hosts
}

// targetPort is where pods listen for a port of the Service that leads to them: a Gateway has that one.
func (w *world) targetPort(at space, workload mesh.Workload, wanted port) int {
	for _, service := range w.clusters[at.cluster].Services {
		if service.Namespace != at.namespace || len(service.Selector) == 0 || !has(workload.Labels, service.Selector) {
			continue
		}
		for _, one := range service.Ports {
			if one.Number == wanted.Number || wanted.Number == 0 && one.Name == wanted.Name {
				return cmp.Or(one.Target, one.Number)
			}
		}
	}
	return wanted.Number
}

// allowedHosts are those of a route table that a gateway's listeners let it have.
func allowedHosts(gateway, table *located, hosts []string) []string {
	var allowed []string
	for _, host := range hosts {
		for _, listener := range kube.As[virtualGatewaySpec](gateway.object.Spec).Listeners {
			if lets(listener, table, host) {
				allowed = append(allowed, host)
				break
			}
		}
	}
	return allowed
}

func lets(from listener, table *located, host string) bool {
	for _, allowed := range from.AllowedRouteTables {
		pattern := cmp.Or(allowed.Host, "*")
		isHost := pattern == host || pattern == "*" ||
			strings.HasPrefix(pattern, "*.") && strings.HasSuffix(host, pattern[1:])
		if isHost && allowed.Selector.matches(table) {
			return true
		}
	}
	return false
}
