import { kubeconfig } from "./kubeconfig.ts";
import { pause } from "./pause.ts";
import { pods } from "./pods.ts";
import { resume } from "./resume.ts";
import { status } from "./status.ts";
import { tryCapability } from "./try.ts";

/** Every verb, in the order of the help. */
export const verbs = [status, kubeconfig, tryCapability, pause, resume, pods];
