import { type GatewayValuesArgs, gatewayBase, type IstiodValuesArgs, istiodBase } from "../istio.ts";
import { mergeValues } from "../merge.ts";

/** Where Gloo Mesh's agent gathers what proxies measure and log. */
const gatherer = { address: "gloo-mesh-agent.gloo-mesh:9977" };

/** Values of chart `istiod` 1.12.6 for one workload cluster. */
export const istiodValues = (args: IstiodValuesArgs): Record<string, unknown> =>
  mergeValues(istiodBase(args), {
    meshConfig: {
      defaultConfig: {
        envoyMetricsService: gatherer,
        envoyAccessLogService: gatherer,
        proxyMetadata: { ISTIO_META_DNS_AUTO_ALLOCATE: "true", GLOO_MESH_CLUSTER_NAME: args.cluster },
      },
    },
  });

/** What the article gives gateways beside their ports. */
const environments = { ingress: {}, eastWest: { env: { ISTIO_META_ROUTER_MODE: "sni-dnat" } } };

/** Values of chart `gateway` 1.12.6; the chart's schema refuses every key that it does not know. */
export const gatewayValues = (args: GatewayValuesArgs): Record<string, unknown> => ({
  // The article's limit of 10m starves the proxy.
  ...gatewayBase(args, {
    requests: { cpu: "10m", memory: "128Mi" },
    limits: { cpu: "200m", memory: "128Mi" },
  }),
  ...environments[args.gateway],
});
