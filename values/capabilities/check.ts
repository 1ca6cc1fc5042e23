/** A request to the ingress gateway of the home cluster. */
export interface CheckRequest {
  /** With its query, e.g. `/productpage`. */
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  /** How often it is sent, one after the other. */
  readonly times: number;
}

/** What came back for a request. */
export interface Answer {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long it took. */
  readonly seconds: number;
}

/** A change of one of Bookinfo's Deployments on the home cluster, as two strategic merge patches. */
export interface Disturbance {
  readonly deployment: string;
  readonly patch: object;
  readonly undo: object;
}

/** How one sees that a capability works. */
export interface Check {
  readonly request: CheckRequest;
  /** Whether it is sent from a pod without a sidecar, straight to the product page, and not through the gateway. */
  readonly isFromOutside?: true;
  /** What must go wrong for the capability to have something to do; undone afterwards. */
  readonly disturbance?: Disturbance;
  /** Whose proxies write a log in which something is to be found. */
  readonly log?: { readonly cluster: string; readonly app: string };
  /** What is expected: what comes back, as part of a sentence. */
  readonly expected: string;
  /**
   * Whether it is so.
   *
   * @param log what the proxies wrote meanwhile
   */
  isShown(answers: readonly Answer[], log: string): boolean;
}
