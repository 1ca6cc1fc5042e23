/** CPU and memory, as Kubernetes writes quantities: `500m`, `2Gi`. */
export interface Amounts {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** What a container asks for, and what it may use at most. */
export interface Resources {
  readonly requests?: Amounts | undefined;
  readonly limits?: Amounts | undefined;
}

/** The lab's own amounts, with the chosen ones in their place. */
export const withChosen = (own: Required<Resources>, chosen: Resources = {}): Required<Resources> => ({
  requests: { ...own.requests, ...chosen.requests },
  limits: { ...own.limits, ...chosen.limits },
});
