import type { V1Deployment, V1Pod, V1Service } from "@kubernetes/client-node";
import { pulumiCommand } from "../../messages/commands.ts";
import { problemsIn } from "../../kubernetes/diagnosis/diagnosis.ts";
import { type ClusterContents, hasLabels, named, podsOf } from "../clusters/look.ts";

/** Why a Deployment has not all of its pods, if it has not. */
export function deploymentProblem(
  contents: ClusterContents,
  namespace: string,
  name: string,
): string | undefined {
  const deployment = named(contents.deployments, namespace, name);
  if (deployment === undefined)
    return `there is no Deployment ${name} in namespace ${namespace}: ${pulumiCommand("up --refresh")}`;
  const { wanted, there } = podsIn(deployment);
  if (wanted === 0) return `Deployment ${name} wants no pods: ${scaleUp(namespace, name)}`;
  if (there >= wanted) return undefined;
  const problems = problemsOf(podsOf(contents.pods, namespace, deployment.spec?.selector.matchLabels));
  return `Deployment ${name} has ${there} of ${wanted} pods ready. ${problems}`.trim();
}

const podsIn = ({ spec, status }: V1Deployment) => ({
  wanted: spec?.replicas ?? 1,
  there: status?.readyReplicas ?? 0,
});

const scaleUp = (namespace: string, name: string): string =>
  `kubectl -n ${namespace} scale deployment ${name} --replicas 1`;

const problemsOf = (pods: readonly V1Pod[]): string =>
  problemsIn({ services: [], claims: [], pods }).join(" ");

/** Why a Service leads nowhere, if it does. */
export function endpointProblem(
  contents: ClusterContents,
  namespace: string,
  name: string,
): string | undefined {
  const service = named(contents.services, namespace, name);
  if (service === undefined)
    return `there is no Service ${name} in namespace ${namespace}: ${pulumiCommand("up --refresh")}`;
  if (readyEndpoints(contents, service) > 0) return undefined;
  const nowhere = `Service ${name} has no ready endpoints`;
  const pods = podsOf(contents.pods, namespace, service.spec?.selector);
  if (pods.length > 0) return `${nowhere}. ${problemsOf(pods)}`.trim();
  const deployment = contents.deployments.find(
    ({ metadata, spec }) =>
      metadata?.namespace === namespace &&
      hasLabels(spec?.template.metadata?.labels ?? {}, service.spec?.selector ?? {}),
  );
  const owner = deployment?.metadata?.name ?? name;
  return deployment !== undefined && podsIn(deployment).wanted === 0
    ? `${nowhere}: Deployment ${owner} wants no pods: ${scaleUp(namespace, owner)}`
    : `${nowhere}: it has no pods: kubectl -n ${namespace} get deployments,events`;
}

function readyEndpoints({ endpointSlices }: ClusterContents, { metadata }: V1Service): number {
  return endpointSlices
    .filter(
      ({ metadata: slice }) =>
        slice?.namespace === metadata?.namespace &&
        slice?.labels?.["kubernetes.io/service-name"] === metadata?.name,
    )
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false).length;
}
