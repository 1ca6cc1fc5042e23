import { numberOf } from "../schema/quantity.ts";

/** CPU and memory, as Kubernetes writes quantities: `500m`, `2Gi`. */
interface Quantities {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** What a container asks for, and what it may use at most. */
export interface Resources {
  readonly requests?: Quantities | undefined;
  readonly limits?: Quantities | undefined;
}

/** Quantities of which each is given. */
type Own = Readonly<Record<"requests" | "limits", Readonly<Record<keyof Quantities, string>>>>;

/**
 * The lab's own amounts, with the chosen ones in their place. Kubernetes refuses a container that asks for more than it
 * may use, so one that was not chosen gives way to one that was.
 */
export function withChosen(own: Own, chosen: Resources = {}): Own {
  const amounts = (name: keyof Quantities) => {
    const [request, limit] = [chosen.requests?.[name], chosen.limits?.[name]];
    const [asked, most] = [request ?? own.requests[name], limit ?? own.limits[name]];
    if (numberOf(asked) <= numberOf(most)) return { request: asked, limit: most };
    return limit === undefined ? { request: asked, limit: asked } : { request: request ?? most, limit: most };
  };
  const [cpu, memory] = [amounts("cpu"), amounts("memory")];
  return {
    requests: { cpu: cpu.request, memory: memory.request },
    limits: { cpu: cpu.limit, memory: memory.limit },
  };
}
