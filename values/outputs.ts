import { glooMeshNamespace } from "./gloo-resources.ts";

/** Port of the user interface, of its Service and, by default, of the machine it is forwarded to. */
export const uiPort = 8090;

/** How to look at Gloo Mesh's user interface. */
export const userInterface = (management: string) => ({
  command: `kubectl --context ${management} --namespace ${glooMeshNamespace} port-forward service/gloo-mesh-ui ${uiPort}`,
  url: `http://localhost:${uiPort}`,
});

/** What people do next, as commands; all but the first one need the kubeconfig that it writes. */
export const nextCommands = (
  management: string,
  productPages: Readonly<Record<string, string>>,
): string[] => [
  "(umask 077 && pulumi stack output --show-secrets kubeconfig > mesh-lab.kubeconfig)",
  `export KUBECONFIG=$PWD/mesh-lab.kubeconfig`,
  `kubectl --context ${management} --namespace ${glooMeshNamespace} get workspaces,kubernetesclusters`,
  ...Object.values(productPages).map((url) => `curl --include ${url}`),
];
