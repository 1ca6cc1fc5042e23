import "./plan/quick-start.ts";
import { Lab } from "./components/lab.ts";
import { readConfig } from "./config/read.ts";
import { checkSteps } from "./plan/steps.ts";
import { previewHost } from "./plan/room.ts";
import { nextCommands, userInterface } from "./plan/outputs.ts";

checkSteps(import.meta.dirname);
const config = await readConfig();
const lab = new Lab("lab", config);
void previewHost(config);

export const contexts = [config.management, ...config.workloads].map(({ name }) => name);
export const kubeconfig = lab.kubeconfig;
export const ingresses = lab.ingresses;
export const productPages = lab.productPages;
export const ui = userInterface(config.management.name);
export const versions = config.versions;
export const next = lab.productPages.apply((pages) => nextCommands(config.management.name, pages));
