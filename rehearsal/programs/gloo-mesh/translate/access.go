package translate

import (
	"slices"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

type authorizationPolicy struct {
	Selector podSelector `json:"selector"`
	Action   string      `json:"action"`
	Rules    []accessTo  `json:"rules,omitempty"`
}

type podSelector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type accessTo struct {
	From []accessFrom      `json:"from,omitempty"`
	To   []accessOperation `json:"to,omitempty"`
}

type accessFrom struct {
	Source source `json:"source"`
}

type source struct {
	Principals []string `json:"principals"`
}

type accessOperation struct {
	Operation operation `json:"operation"`
}

type operation struct {
	Methods []string `json:"methods,omitempty"`
	Paths   []string `json:"paths,omitempty"`
}

type peerAuthentication struct {
	Selector podSelector `json:"selector"`
	MTLS     mtls        `json:"mtls"`
}

type mtls struct {
	Mode string `json:"mode"`
}

type accessConfig struct {
	Authn struct{ TlsMode string }
	Authz struct {
		AllowedClients []struct {
			ServiceAccountSelector *selector
			RequestIdentityMatcher *struct{}
		}
		AllowedMethods, AllowedPaths []string
	}
}

// accessPolicy lets some clients reach the selected services, and no others.
func (w *world) accessPolicy(policy *located) {
	config := configOf[accessConfig](policy)
	var principals []string
	for _, client := range config.Authz.AllowedClients {
		if client.RequestIdentityMatcher != nil {
			policy.note(mesh.Warning, "the rehearsal knows clients by their ServiceAccounts only")
		}
		if client.ServiceAccountSelector != nil {
			principals = append(principals, w.principals(policy.workspace, *client.ServiceAccountSelector)...)
		}
	}
	if len(config.Authz.AllowedClients) > 0 && len(principals) == 0 {
		policy.note(mesh.Warning, "no workload has a ServiceAccount that it allows")
		// Nobody has this one: nobody may come.
		principals = []string{"none"}
	}
	allowed := accessTo{}
	if len(principals) > 0 {
		allowed.From = []accessFrom{{source{principals}}}
	}
	if len(config.Authz.AllowedMethods)+len(config.Authz.AllowedPaths) > 0 {
		allowed.To = []accessOperation{{operation{config.Authz.AllowedMethods, config.Authz.AllowedPaths}}}
	}
	w.eachDestination(policy, func(at space, name string) {
		w.guard(at, name, joined("access", policy.name(), name, at.namespace), config.Authn.TlsMode,
			[]accessTo{allowed}, policy)
	})
}

// guard lets nobody reach a service but who is allowed to.
func (w *world) guard(at space, service, name, tlsMode string, allowed []accessTo, parent *located) {
	found, _ := w.service(at.cluster, at.namespace, service)
	if len(found.Selector) == 0 {
		parent.note(mesh.Warning, "Service "+at.namespace+"/"+service+" on "+at.cluster+" selects no pods")
		return
	}
	pods := podSelector{found.Selector}
	w.emit(at, "AuthorizationPolicy", name, authorizationPolicy{pods, "ALLOW", allowed}, parent)
	if tlsMode != "" {
		w.emit(at, "PeerAuthentication", name, peerAuthentication{pods, mtls{tlsMode}}, parent)
	}
}

// principals are the identities of a workspace's workloads, by their ServiceAccounts; the trust domain of each cluster
// has its name.
func (w *world) principals(of *workspace, wanted selector) []string {
	var all []string
	for cluster, content := range w.clusters {
		for _, one := range content.Workloads {
			if of.includes(cluster, one.Namespace) && takes(wanted.Cluster, cluster) &&
				takes(wanted.Namespace, one.Namespace) && takes(wanted.Name, one.ServiceAccount) &&
				has(one.Labels, wanted.Labels) {
				all = append(all, cluster+"/ns/"+one.Namespace+"/sa/"+one.ServiceAccount)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// workspaceSettings isolates the services of a workspace, where that is asked for: only its own workloads reach them.
func (w *world) workspaceSettings(settings *located) {
	type options struct {
		ServiceIsolation struct{ Enabled, TrimProxyConfig bool }
	}
	isolation := kube.As[options](settings.object.Spec["options"]).ServiceIsolation
	if isGlobal(settings) || !isolation.Enabled {
		return
	}
	var members []string
	for _, name := range sortedKeys(w.clusters) {
		members = append(members, w.members(settings.workspace, name)...)
	}
	guarded := w.guarded(settings.workspace)
	found := w.services(settings.workspace, selector{})
	for _, at := range spaces(found) {
		for _, service := range found[at] {
			if !w.hasSidecars(at, service) || guarded[at.cluster+"/"+at.namespace+"/"+service.Name] {
				continue
			}
			w.guard(at, service.Name, joined("settings", service.Name, at.namespace, settings.workspace.name), "STRICT",
				[]accessTo{{From: []accessFrom{{source{members}}}}}, settings)
		}
	}
}

// members are the identities of all workloads of a workspace on a cluster, known or not.
func (w *world) members(of *workspace, cluster string) []string {
	var all []string
	for _, part := range of.spec.WorkloadClusters {
		if !takes(part.Name, cluster) || !has(of.labels[cluster], part.Selector) {
			continue
		}
		for _, namespace := range part.Namespaces {
			if namespace.Name == "*" {
				return []string{cluster + "/*"}
			}
			all = append(all, cluster+"/ns/"+namespace.Name+"/*")
		}
	}
	return all
}

// guarded are the services that have an AccessPolicy: it holds for them, and no isolation does.
func (w *world) guarded(of *workspace) map[string]bool {
	all := map[string]bool{}
	for _, policy := range w.of("AccessPolicy") {
		if policy.workspace != of {
			continue
		}
		w.eachDestination(policy, func(at space, name string) {
			all[at.cluster+"/"+at.namespace+"/"+name] = true
		})
	}
	return all
}

// hasSidecars says whether pods behind a service have a proxy that can guard them.
func (w *world) hasSidecars(at space, service mesh.Service) bool {
	return len(service.Selector) > 0 && slices.ContainsFunc(w.clusters[at.cluster].Workloads, func(one mesh.Workload) bool {
		return one.Sidecar && one.Namespace == at.namespace && has(one.Labels, service.Selector)
	})
}
