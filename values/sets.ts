import type { VersionSetName } from "../versions/versions.ts";
import * as articleGlooMesh from "./article/gloo-mesh.ts";
import * as articleIstio from "./article/istio.ts";
import * as articleVcluster from "./article/vcluster.ts";
import * as currentGlooMesh from "./current/gloo-mesh.ts";
import * as currentIstio from "./current/istio.ts";
import * as currentVcluster from "./current/vcluster.ts";
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

const sets: Readonly<Record<VersionSetName, SetValues>> = {
  current: { ...currentVcluster, ...currentGlooMesh, ...currentIstio },
  article: { ...articleVcluster, ...articleGlooMesh, ...articleIstio },
};

/** What the charts of a set of versions are told. */
export const valuesOf = (set: VersionSetName): SetValues => sets[set];
