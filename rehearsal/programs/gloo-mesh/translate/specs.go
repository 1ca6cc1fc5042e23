package translate

import (
	"maps"
	"path"
	"slices"
)

// The specs of Gloo Mesh's kinds, as far as they are translated.

type port struct {
	Name   string
	Number int
}

type selector struct {
	Name, Namespace, Cluster, Workspace string
	Labels                              map[string]string
}

type workloadSelector struct {
	Selector selector
}

type reference struct {
	Name, Namespace, Cluster string
}

type destination struct {
	Kind   string
	Ref    reference
	Port   port
	Subset map[string]string
	Weight int
}

type workspaceSpec struct {
	WorkloadClusters []struct {
		Name       string
		Selector   map[string]string
		Namespaces []struct{ Name string }
	}
}

type virtualGatewaySpec struct {
	Workloads []workloadSelector
	Listeners []listener
}

type listener struct {
	Http, Tcp     *struct{}
	Port          port
	HttpsRedirect bool
	Tls           *struct {
		Mode, SecretName     string
		VerifySubjectAltName []string
	}
	AllowedRouteTables []struct {
		Host     string
		Selector selector
	}
}

type routeTableSpec struct {
	Hosts             []string
	VirtualGateways   []reference
	WorkloadSelectors []workloadSelector
	Weight            int
	Http              []route
}

type route struct {
	Name      string
	Labels    map[string]string
	Matchers  []matcher
	ForwardTo *struct {
		Destinations []destination
		PathRewrite  string
	}
	Redirect *struct {
		HostRedirect, PathRedirect, ResponseCode string
	}
	DirectResponse *struct {
		Status int
		Body   string
	}
	Delegate *struct {
		RouteTables []selector
		SortMethod  string
	}
}

type matcher struct {
	Name, Method    string
	Uri             *stringMatch
	Headers         []valueMatch
	QueryParameters []valueMatch
}

type stringMatch struct {
	Exact, Prefix, Suffix, Regex string
	IgnoreCase                   bool
}

type valueMatch struct {
	Name, Value        string
	Regex, InvertMatch bool
}

type toRoute struct {
	Route            *selector
	WithDestinations *toDestination
}

type toDestination struct {
	Kind     string
	Selector selector
	Port     port
}

// takes says whether a name is the one that is wanted; none, or a star, wants any.
func takes(wanted, name string) bool {
	matches, err := path.Match(wanted, name)
	return wanted == "" || err == nil && matches
}

// has says whether there are all of these labels.
func has(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func sortedKeys[V any](of map[string]V) []string {
	return slices.Sorted(maps.Keys(of))
}
