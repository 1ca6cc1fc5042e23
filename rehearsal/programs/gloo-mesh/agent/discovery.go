package agent

import (
	"context"

	"rehearsal/programs/gloo-mesh/kube"
	"rehearsal/programs/gloo-mesh/mesh"
)

// discovery is what the agent sees of its cluster.
type discovery struct {
	resources  map[string]*kube.Store
	services   *kube.Store
	namespaces *kube.Store
	workloads  []*kube.Store
}

func discover(ctx context.Context, client *kube.Client, changed func()) *discovery {
	all := func(kind kube.Kind) *kube.Store {
		return kube.Watch(ctx, client, kind, kube.Selection{}, changed)
	}
	d := &discovery{resources: map[string]*kube.Store{}, services: all(kube.Services), namespaces: all(kube.Namespaces)}
	for name, kind := range mesh.GlooKinds {
		d.resources[name] = all(kind)
	}
	for _, kind := range []kube.Kind{kube.Deployments, kube.StatefulSets, kube.DaemonSets} {
		d.workloads = append(d.workloads, all(kind))
	}
	return d
}

func (d *discovery) synced() error {
	stores := append([]*kube.Store{d.services, d.namespaces}, d.workloads...)
	for _, store := range d.resources {
		stores = append(stores, store)
	}
	return kube.AllSynced(stores)
}

// report is all that the management server needs to know.
func (d *discovery) report() mesh.Cluster {
	var content mesh.Cluster
	for _, store := range d.resources {
		for _, one := range store.List() {
			// What was said of it before is of no interest, and what others keep beside it neither.
			one.Status, one.Metadata.ResourceVersion, one.Metadata.Annotations = nil, "", nil
			content.Resources = append(content.Resources, one)
		}
	}
	for _, one := range d.services.List() {
		content.Services = append(content.Services, serviceOf(one))
	}
	for _, store := range d.workloads {
		for _, one := range store.List() {
			content.Workloads = append(content.Workloads, d.workloadOf(one))
		}
	}
	return content
}

func serviceOf(object kube.Object) mesh.Service {
	spec := kube.As[struct {
		Selector map[string]string
		Ports    []struct {
			Name       string
			Port       int
			TargetPort any
		}
	}](object.Spec)
	status := kube.As[struct {
		LoadBalancer struct {
			Ingress []struct{ IP, Hostname string }
		}
	}](object.Status)
	service := mesh.Service{
		Name: object.Metadata.Name, Namespace: object.Metadata.Namespace, Labels: object.Metadata.Labels,
		Selector: spec.Selector,
	}
	for _, port := range spec.Ports {
		target, _ := port.TargetPort.(float64)
		service.Ports = append(service.Ports, mesh.Port{Name: port.Name, Number: port.Port, Target: int(target)})
	}
	for _, ingress := range status.LoadBalancer.Ingress {
		service.Addresses = append(service.Addresses, ingress.IP+ingress.Hostname)
	}
	return service
}

const (
	injectLabel    = "sidecar.istio.io/inject"
	templatesNote  = "inject.istio.io/templates"
	injectionLabel = "istio-injection"
	revisionLabel  = "istio.io/rev"
)

func (d *discovery) workloadOf(object kube.Object) mesh.Workload {
	template := kube.As[struct {
		Metadata kube.Metadata
		Spec     struct{ ServiceAccountName string }
	}](object.Spec["template"])
	account := template.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	namespace, _ := d.namespaces.Get("", object.Metadata.Namespace)
	labels := namespace.Metadata.Labels
	inject := template.Metadata.Labels[injectLabel]
	return mesh.Workload{
		Name: object.Metadata.Name, Namespace: object.Metadata.Namespace,
		Labels: template.Metadata.Labels, ServiceAccount: account,
		// A gateway is a proxy, and has none beside it.
		Sidecar: template.Metadata.Annotations[templatesNote] == "" && inject != "false" &&
			(inject == "true" || labels[injectionLabel] == "enabled" || labels[revisionLabel] != ""),
	}
}
