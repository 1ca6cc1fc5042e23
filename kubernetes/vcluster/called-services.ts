import {
  AdmissionregistrationV1Api,
  ApiregistrationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  type KubeConfig,
  type V1EndpointSlice,
} from "@kubernetes/client-node";

/** A Service by name. */
interface Reference {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

const keyOf = ({ namespace = "", name = "" }: Reference): string => `${namespace}/${name}`;

/** Those of the Services with no endpoint among these pods, by UID; a Service is `NAMESPACE/NAME`. */
export type Unanswered = (pods: ReadonlySet<string | undefined>) => string[];

/** The Services that the API server of a cluster calls while it answers requests, and cannot do without. */
export async function servicesCalledIn(inside: KubeConfig): Promise<Unanswered> {
  const admission = inside.makeApiClient(AdmissionregistrationV1Api);
  const [mutating, validating, apis, services, slices] = await Promise.all([
    admission.listMutatingWebhookConfiguration(),
    admission.listValidatingWebhookConfiguration(),
    inside.makeApiClient(ApiregistrationV1Api).listAPIService(),
    inside.makeApiClient(CoreV1Api).listServiceForAllNamespaces(),
    inside.makeApiClient(DiscoveryV1Api).listEndpointSliceForAllNamespaces(),
  ]);
  const called = [
    ...[...mutating.items, ...validating.items]
      .flatMap(({ webhooks }) => webhooks ?? [])
      .filter(({ failurePolicy }) => failurePolicy !== "Ignore")
      .map(({ clientConfig }) => clientConfig.service),
    ...apis.items.map(({ spec }) => spec?.service),
  ].flatMap((service) => (service === undefined ? [] : [keyOf(service)]));
  // One that is not there does not come by waiting.
  const there = new Set(services.items.map(({ metadata }) => keyOf(metadata ?? {})));
  return unansweredOf(
    called.filter((key) => there.has(key)),
    slices.items,
  );
}

/** Which of some Services have no endpoint; what is no pod answers for itself. */
export const unansweredOf =
  (called: readonly string[], slices: readonly V1EndpointSlice[]): Unanswered =>
  (pods) => {
    const answered = new Set(
      slices
        .filter(({ endpoints }) =>
          (endpoints ?? []).some(
            ({ conditions, targetRef }) =>
              conditions?.ready !== false && (targetRef?.kind !== "Pod" || pods.has(targetRef.uid)),
          ),
        )
        .map(({ metadata }) =>
          keyOf({
            namespace: metadata?.namespace,
            name: metadata?.labels?.["kubernetes.io/service-name"],
          }),
        ),
    );
    return [...new Set(called)].filter((key) => !answered.has(key));
  };
