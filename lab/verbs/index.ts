import { kubeconfig } from "./kubeconfig.ts";
import { pause } from "./pause.ts";
import { pods } from "./pods.ts";
import { resume } from "./resume.ts";
import { status } from "./status.ts";

/** Every verb, in the order of the help. */
export const verbs = [status, kubeconfig, pause, resume, pods];
