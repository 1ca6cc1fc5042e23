import { isRehearsed, labCommand } from "../messages/commands.ts";
import { glooMeshNamespace } from "../values/gloo-resources.ts";

/** Port of the user interface, of its Service and, by default, of the machine it is forwarded to. */
export const uiPort = 8090;

/** How to look at Gloo Mesh's user interface. */
export const userInterface = (management: string) => ({
  command: `kubectl --context ${management} --namespace ${glooMeshNamespace} port-forward service/gloo-mesh-ui ${uiPort}`,
  url: `http://localhost:${uiPort}`,
});

/** A folder of the project that git ignores, for what commands write. */
export const ownFolder = ".lab";

/** What people do next, as commands that work where this runs; of the first ones, each needs those before it. */
export const nextCommands = (management: string, productPages: Readonly<Record<string, string>>): string[] =>
  isRehearsed()
    ? [
        labCommand("status"),
        labCommand(`pods ${management}`),
        labCommand(`graph --output ${ownFolder}/lab.svg`),
      ]
    : [
        `(umask 077 && mkdir -p ${ownFolder} && pulumi stack output --show-secrets kubeconfig > ${ownFolder}/kubeconfig)`,
        `export KUBECONFIG="$PWD/${ownFolder}/kubeconfig"`,
        `kubectl --context ${management} --namespace ${glooMeshNamespace} get workspaces,kubernetesclusters`,
        ...Object.values(productPages).map((url) => `curl --include ${url}`),
      ];
