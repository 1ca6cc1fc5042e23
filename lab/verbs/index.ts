import { collect } from "./collect.ts";
import { doctor } from "./doctor.ts";
import { images } from "./images.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { pause } from "./pause.ts";
import { pods } from "./pods.ts";
import { resume } from "./resume.ts";

/** Every verb, in the order of the help. */
export const verbs = [doctor, kubeconfig, pause, resume, pods, images, collect];
