import type { SetValues } from "../set-values.ts";
import { glooMeshAddOnsValues, glooMeshAgentValues, glooMeshMgmtValues } from "./gloo-mesh.ts";
import { gatewayValues, istiodValues } from "./istio.ts";
import { controlPlaneIn, vclusterValues } from "./vcluster.ts";

/** What the charts of today are told. */
export const current: SetValues = {
  vclusterValues,
  controlPlaneIn,
  glooMeshMgmtValues,
  glooMeshAgentValues,
  glooMeshAddOnsValues,
  istiodValues,
  gatewayValues,
};
