import type { SetValues } from "../set-values.ts";
import { glooMeshAddOnsValues, glooMeshAgentValues, glooMeshMgmtValues } from "./gloo-mesh.ts";
import { gatewayValues, istiodValues } from "./istio.ts";
import { controlPlaneIn, vclusterValues } from "./vcluster.ts";

/** What the charts of the article's versions are told. */
export const article: SetValues = {
  vclusterValues,
  controlPlaneIn,
  glooMeshMgmtValues,
  glooMeshAgentValues,
  glooMeshAddOnsValues,
  istiodValues,
  gatewayValues,
};
