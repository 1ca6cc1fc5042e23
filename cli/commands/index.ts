import { collect } from "./collect.ts";
import { doctor } from "./doctor.ts";
import { images } from "./images.ts";
import { graph } from "./graph.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { pause } from "./pause.ts";
import { pods } from "./pods.ts";
import { rebuild } from "./rebuild.ts";
import { resume } from "./resume.ts";
import { status } from "./status.ts";
import { tryCapability } from "./try.ts";
import { ui } from "./ui.ts";
import { verify } from "./verify.ts";

/** Every verb, in the order of the help. */
export const verbs = [
  doctor,
  kubeconfig,
  status,
  verify,
  tryCapability,
  ui,
  graph,
  pause,
  resume,
  rebuild,
  pods,
  images,
  collect,
];
