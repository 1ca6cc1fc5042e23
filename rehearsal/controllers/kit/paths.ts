/** The path of the Kubernetes resources that the controllers touch. */
export const at = {
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  pod: (namespace: string, name: string) => `${at.pods(namespace)}/${name}`,
  services: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  service: (namespace: string, name: string) => `${at.services(namespace)}/${name}`,
  events: (namespace: string) => `/api/v1/namespaces/${namespace}/events`,
  secrets: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  secret: (namespace: string, name: string) => `${at.secrets(namespace)}/${name}`,
  configMaps: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  configMap: (namespace: string, name: string) => `${at.configMaps(namespace)}/${name}`,
  serviceAccount: (namespace: string, name: string) =>
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
  namespace: (name: string) => `/api/v1/namespaces/${name}`,
  nodes: "/api/v1/nodes",
  node: (name: string) => `/api/v1/nodes/${name}`,
  mutatingWebhooks: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  validatingWebhooks: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  kubernetesCluster: (name: string) =>
    `/apis/admin.gloo.solo.io/v2/namespaces/gloo-mesh/kubernetesclusters/${name}`,
} as const;
