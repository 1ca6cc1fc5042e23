import { type GatewayValuesArgs, gatewayBase, type IstiodValuesArgs, istiodBase } from "../istio.ts";
import { mergeValues } from "../merge.ts";

/** Values of chart `istiod` 1.30.3 for one workload cluster. */
export const istiodValues = (args: IstiodValuesArgs): Record<string, unknown> =>
  mergeValues(istiodBase(args), {
    pilot: {
      env: {
        // Since 1.28 the host of a mirrored request says no more that it is one, and nothing else in a log does.
        DISABLE_SHADOW_HOST_SUFFIX: "false",
      },
    },
  });

/** Values of chart `gateway` 1.30.3; the chart's schema refuses every key that it does not know. */
export const gatewayValues = (args: GatewayValuesArgs): Record<string, unknown> =>
  gatewayBase(args, {
    requests: { cpu: "10m", memory: "128Mi" },
    // Twice what the proxy of 2022 may use: today's is larger.
    limits: { cpu: "500m", memory: "256Mi" },
  });
