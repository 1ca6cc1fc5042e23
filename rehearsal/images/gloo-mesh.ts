/** An image of Gloo Mesh, and which component of the program that stands in for all of them it is. */
interface GlooMeshImage {
  /** With registry and tag, as chart `gloo-platform` 2.14.0 names it by itself. */
  readonly image: string;
  /** First argument of the program. */
  readonly component: string;
}

const hub = "gcr.io/gloo-mesh";
/** Of the chart: that of all images that it gives no tag of their own. */
const version = "2.14.0";

/** Every image that the pods of chart `gloo-platform` run. */
export const glooMeshImages: readonly GlooMeshImage[] = [
  { image: `${hub}/gloo-mesh-mgmt-server:${version}`, component: "mgmt-server" },
  { image: `${hub}/gloo-mesh-agent:${version}`, component: "agent" },
  { image: `${hub}/gloo-mesh-apiserver:${version}`, component: "apiserver" },
  { image: `${hub}/gloo-mesh-ui:${version}`, component: "ui" },
  { image: `${hub}/gloo-mesh-envoy:${version}`, component: "envoy" },
  { image: `${hub}/redis:7.4.2-alpine`, component: "redis" },
  { image: `${hub}/prometheus:v2.53.4`, component: "prometheus" },
  { image: "quay.io/prometheus-operator/prometheus-config-reloader:v0.74.0", component: "config-reloader" },
  { image: `${hub}/ext-auth-service:0.68.1`, component: "ext-auth-service" },
  { image: `${hub}/rate-limiter:0.14.2`, component: "rate-limiter" },
];
