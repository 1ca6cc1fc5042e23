import type { KubernetesObject } from "@kubernetes/client-node";

/** An Istio object as the validation looks at it. */
export interface IstioObject extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A rule that every object of a kind must keep, with what istiod says of one that does not. */
interface Rule {
  readonly kind: string;
  readonly keeps: (spec: Readonly<Record<string, unknown>>) => boolean;
  readonly complaint: string;
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;

const rules: readonly Rule[] = [
  {
    kind: "Gateway",
    keeps: ({ servers }) => isFilled(servers),
    complaint: "gateway must have at least one server",
  },
  {
    kind: "VirtualService",
    keeps: ({ hosts }) => isFilled(hosts),
    complaint: "virtual service must have at least one host",
  },
  {
    kind: "VirtualService",
    keeps: ({ http, tcp, tls }) => [http, tcp, tls].some(isFilled),
    complaint: "http, tcp or tls must be provided in virtual service",
  },
];

/** Why istiod refuses an object; undefined if it does not. */
export function invalidity(object: IstioObject): string | undefined {
  const complaints = rules
    .filter(({ kind, keeps }) => kind === object.kind && !keeps(object.spec ?? {}))
    .map(({ complaint }) => complaint);
  return complaints.length === 0 ? undefined : `configuration is invalid: ${complaints.join("; ")}`;
}
