import * as k8s from "@pulumi/kubernetes";
import { Lab } from "./components/lab.ts";
import { readConfig } from "./config.ts";

const config = readConfig();

// The kubeconfig is the ambient one ($KUBECONFIG, else ~/.kube/config): a path here would differ between machines.
const host = new k8s.Provider(
  "host",
  config.hostContext === undefined ? {} : { context: config.hostContext },
);
const lab = new Lab("lab", { config, host });

export const contexts = [config.management, ...config.workloads.map(({ name }) => name)];
export const kubeconfig = lab.kubeconfig;
export const productPages = lab.productPages;
