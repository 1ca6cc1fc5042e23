package translate

import (
	"cmp"
	"slices"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// routePolicy is a policy that changes routes.
type routePolicy struct {
	*located
	routes  []toRoute
	change  func(w *world, to routing, into *httpRoute)
	applies bool
}

type fault struct {
	Delay *faultDelay `json:"delay,omitempty"`
	Abort *faultAbort `json:"abort,omitempty"`
}

type faultDelay struct {
	FixedDelay string  `json:"fixedDelay"`
	Percentage percent `json:"percentage"`
}

type faultAbort struct {
	HTTPStatus int     `json:"httpStatus"`
	Percentage percent `json:"percentage"`
}

type percent struct {
	Value float64 `json:"value"`
}

type retries struct {
	Attempts              int    `json:"attempts"`
	PerTryTimeout         string `json:"perTryTimeout,omitempty"`
	RetryOn               string `json:"retryOn,omitempty"`
	RetryRemoteLocalities *bool  `json:"retryRemoteLocalities,omitempty"`
}

type headers struct {
	Request  *headerChanges `json:"request,omitempty"`
	Response *headerChanges `json:"response,omitempty"`
}

type headerChanges struct {
	Add    map[string]string `json:"add,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

type cors struct {
	AllowOrigins     []map[string]string `json:"allowOrigins,omitempty"`
	AllowMethods     []string            `json:"allowMethods,omitempty"`
	AllowHeaders     []string            `json:"allowHeaders,omitempty"`
	ExposeHeaders    []string            `json:"exposeHeaders,omitempty"`
	MaxAge           string              `json:"maxAge,omitempty"`
	AllowCredentials *bool               `json:"allowCredentials,omitempty"`
}

type outlierDetection struct {
	Consecutive5XXErrors int    `json:"consecutive5xxErrors,omitempty"`
	Interval             string `json:"interval,omitempty"`
	BaseEjectionTime     string `json:"baseEjectionTime,omitempty"`
	MaxEjectionPercent   int    `json:"maxEjectionPercent,omitempty"`
}

// part is a share of the requests: all of them, where nobody says how many.
func part(of *float64) percent {
	if of == nil {
		return percent{100}
	}
	return percent{*of}
}

// routeChanges are the kinds of policies that change routes, each with what it does.
var routeChanges = map[string]func(w *world, policy *located, to routing, into *httpRoute){
	"FaultInjectionPolicy": func(_ *world, policy *located, _ routing, into *httpRoute) {
		config := configOf[struct {
			Delay *struct {
				FixedDelay string
				Percentage *float64
			}
			Abort *struct {
				HttpStatus int
				Percentage *float64
			}
		}](policy)
		into.Fault = &fault{}
		if config.Delay != nil {
			into.Fault.Delay = &faultDelay{config.Delay.FixedDelay, part(config.Delay.Percentage)}
		}
		if config.Abort != nil {
			into.Fault.Abort = &faultAbort{config.Abort.HttpStatus, part(config.Abort.Percentage)}
		}
	},
	"RetryTimeoutPolicy": func(_ *world, policy *located, _ routing, into *httpRoute) {
		config := configOf[struct {
			RequestTimeout string
			Retries        *retries
		}](policy)
		into.Timeout = cmp.Or(config.RequestTimeout, into.Timeout)
		if config.Retries != nil {
			into.Retries = config.Retries
		}
	},
	"MirrorPolicy": func(w *world, policy *located, to routing, into *httpRoute) {
		config := configOf[struct {
			Destination destination
			Percentage  *float64
		}](policy)
		if found, known := w.target(policy, policy, to.at, config.Destination); known {
			share := part(config.Percentage)
			into.Mirror, into.MirrorPercentage = &found, &share
		}
	},
	"HeaderManipulationPolicy": func(_ *world, policy *located, _ routing, into *httpRoute) {
		config := configOf[struct {
			AppendRequestHeaders, AppendResponseHeaders map[string]string
			RemoveRequestHeaders, RemoveResponseHeaders []string
		}](policy)
		into.Headers = &headers{
			Request:  changesOf(config.AppendRequestHeaders, config.RemoveRequestHeaders),
			Response: changesOf(config.AppendResponseHeaders, config.RemoveResponseHeaders),
		}
	},
	"CORSPolicy": func(_ *world, policy *located, _ routing, into *httpRoute) {
		config := configOf[struct {
			AllowOrigins                              []stringMatch
			AllowMethods, AllowHeaders, ExposeHeaders []string
			MaxAge                                    string
			AllowCredentials                          *bool
		}](policy)
		into.CorsPolicy = &cors{nil, config.AllowMethods, config.AllowHeaders, config.ExposeHeaders, config.MaxAge,
			config.AllowCredentials}
		for _, origin := range config.AllowOrigins {
			into.CorsPolicy.AllowOrigins = append(into.CorsPolicy.AllowOrigins, uriOf(origin))
		}
	},
}

func changesOf(add map[string]string, remove []string) *headerChanges {
	if len(add)+len(remove) == 0 {
		return nil
	}
	return &headerChanges{add, remove}
}

// configOf is the part of a policy's spec that says what it does.
func configOf[T any](policy *located) T {
	return kube.As[T](policy.object.Spec["config"])
}

// collectPolicies finds the policies that change routes, before there are any.
func (w *world) collectPolicies() {
	for _, kind := range sortedKeys(routeChanges) {
		for _, one := range w.of(kind) {
			w.policies = append(w.policies, &routePolicy{
				located: one,
				routes:  kube.As[struct{ ApplyToRoutes []toRoute }](one.object.Spec).ApplyToRoutes,
				change: func(w *world, to routing, into *httpRoute) {
					routeChanges[kind](w, one, to, into)
				},
			})
		}
	}
}

// applyPolicies lays over a route what the policies of its workspace say that select it.
func (w *world) applyPolicies(to routing, from route, into *httpRoute) {
	for _, policy := range w.policies {
		if policy.workspace == to.table.workspace && policy.selects(from) {
			policy.applies = true
			policy.change(w, to, into)
		}
	}
}

// selects says whether a policy is for a route; one that says nothing is for all.
func (p *routePolicy) selects(from route) bool {
	return len(p.routes) == 0 || slices.ContainsFunc(p.routes, func(to toRoute) bool {
		if to.WithDestinations != nil {
			p.note(mesh.Warning, "the rehearsal selects routes by their labels only, not by their destinations")
			return false
		}
		return to.Route == nil || has(from.Labels, to.Route.Labels)
	})
}

// outlierDetection says for all selected services when an endpoint is left out.
func (w *world) outlierDetection(policy *located) {
	config := configOf[struct {
		ConsecutiveErrors          int
		Interval, BaseEjectionTime string
		MaxEjectionPercent         int
	}](policy)
	w.eachDestination(policy, func(at space, name string) {
		key := ruleKey{at, w.hostOf(at.cluster, at.namespace, name)}
		w.rule(key, policy).outlier = &outlierDetection{config.ConsecutiveErrors, config.Interval,
			config.BaseEjectionTime, config.MaxEjectionPercent}
	})
}

// eachDestination calls for each service that a policy selects.
func (w *world) eachDestination(policy *located, call func(at space, name string)) {
	wanted := kube.As[struct{ ApplyToDestinations []toDestination }](policy.object.Spec).ApplyToDestinations
	if len(wanted) == 0 {
		wanted = []toDestination{{}}
	}
	selected := false
	for _, one := range wanted {
		if one.Kind != "" && one.Kind != "SERVICE" {
			policy.note(mesh.Warning, "the rehearsal makes nothing of it for a destination of kind "+one.Kind)
			continue
		}
		found := w.services(policy.workspace, one.Selector)
		for _, at := range spaces(found) {
			for _, service := range found[at] {
				selected = true
				call(at, service.Name)
			}
		}
	}
	if !selected {
		policy.note(mesh.Warning, "it selects no service")
	}
}
