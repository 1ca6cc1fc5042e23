package mesh

import "rehearsal/programs/gloo-mesh/kube"

// groups are the groups of Gloo Mesh, with the kinds of each and their plurals.
var groups = map[string]map[string]string{
	"admin.gloo.solo.io": {
		"KubernetesCluster":       "kubernetesclusters",
		"Workspace":               "workspaces",
		"WorkspaceSettings":       "workspacesettings",
		"RootTrustPolicy":         "roottrustpolicies",
		"ExtAuthServer":           "extauthservers",
		"RateLimitServerSettings": "ratelimitserversettings",
		"RateLimitServerConfig":   "ratelimitserverconfigs",
	},
	"networking.gloo.solo.io": {
		"VirtualGateway":     "virtualgateways",
		"RouteTable":         "routetables",
		"VirtualDestination": "virtualdestinations",
		"ExternalService":    "externalservices",
		"ExternalEndpoint":   "externalendpoints",
	},
	"resilience.policy.gloo.solo.io": {
		"FailoverPolicy":         "failoverpolicies",
		"OutlierDetectionPolicy": "outlierdetectionpolicies",
		"FaultInjectionPolicy":   "faultinjectionpolicies",
		"RetryTimeoutPolicy":     "retrytimeoutpolicies",
	},
	"trafficcontrol.policy.gloo.solo.io": {
		"MirrorPolicy":             "mirrorpolicies",
		"RateLimitPolicy":          "ratelimitpolicies",
		"RateLimitClientConfig":    "ratelimitclientconfigs",
		"HeaderManipulationPolicy": "headermanipulationpolicies",
		"TransformationPolicy":     "transformationpolicies",
	},
	"security.policy.gloo.solo.io": {
		"AccessPolicy":  "accesspolicies",
		"ExtAuthPolicy": "extauthpolicies",
		"WAFPolicy":     "wafpolicies",
		"CORSPolicy":    "corspolicies",
		"JWTPolicy":     "jwtpolicies",
	},
}

// GlooKinds are all kinds of Gloo Mesh, by their names.
var GlooKinds = glooKinds()

func glooKinds() map[string]kube.Kind {
	kinds := map[string]kube.Kind{}
	for group, members := range groups {
		for name, plural := range members {
			kinds[name] = kube.Kind{Group: group, Version: "v2", Plural: plural, Kind: name}
		}
	}
	return kinds
}

// IstioKinds are the kinds that agents write, by their names.
var IstioKinds = map[string]kube.Kind{
	"Gateway":             {Group: "networking.istio.io", Version: "v1", Plural: "gateways", Kind: "Gateway"},
	"VirtualService":      {Group: "networking.istio.io", Version: "v1", Plural: "virtualservices", Kind: "VirtualService"},
	"DestinationRule":     {Group: "networking.istio.io", Version: "v1", Plural: "destinationrules", Kind: "DestinationRule"},
	"ServiceEntry":        {Group: "networking.istio.io", Version: "v1", Plural: "serviceentries", Kind: "ServiceEntry"},
	"AuthorizationPolicy": {Group: "security.istio.io", Version: "v1", Plural: "authorizationpolicies", Kind: "AuthorizationPolicy"},
	"PeerAuthentication":  {Group: "security.istio.io", Version: "v1", Plural: "peerauthentications", Kind: "PeerAuthentication"},
}

// Labels that agents know the objects by that are theirs, and the words of Gloo Mesh for what they come from.
const (
	ReconcilerLabel = "reconciler.mesh.gloo.solo.io/name"
	Reconciler      = "translator"
	ParentKind      = "gloo.solo.io/parent_kind"
	ParentName      = "gloo.solo.io/parent_name"
	ParentNamespace = "gloo.solo.io/parent_namespace"
	ParentCluster   = "gloo.solo.io/parent_cluster"
	WorkspaceLabel  = "context.mesh.gloo.solo.io/workspace"
)
