import type {
  GlooMeshAddOnsValuesArgs,
  GlooMeshAgentValuesArgs,
  GlooMeshMgmtValuesArgs,
} from "./gloo-mesh.ts";
import type { GatewayValuesArgs, IstiodValuesArgs } from "./istio.ts";
import type { HelmValues } from "./merge.ts";
import type { ValuedControlPlane, VClusterValuesArgs } from "./vcluster.ts";

/** What the charts of a set of versions are told. */
export interface SetValues {
  readonly vclusterValues: (args: VClusterValuesArgs) => HelmValues;
  /** What the values of a virtual cluster come to. */
  readonly controlPlaneIn: (values: HelmValues) => ValuedControlPlane;
  readonly glooMeshMgmtValues: (args: GlooMeshMgmtValuesArgs) => HelmValues;
  readonly glooMeshAgentValues: (args: GlooMeshAgentValuesArgs) => HelmValues;
  readonly glooMeshAddOnsValues: (args: GlooMeshAddOnsValuesArgs) => HelmValues;
  readonly istiodValues: (args: IstiodValuesArgs) => HelmValues;
  readonly gatewayValues: (args: GatewayValuesArgs) => HelmValues;
}
