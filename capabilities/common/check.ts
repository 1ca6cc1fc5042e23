/** A request to the ingress gateway of the ingress cluster. */
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

/** A change of one of Bookinfo's Deployments on the ingress cluster, as two strategic merge patches. */
export interface Disturbance {
  readonly deployment: string;
  readonly patch: object;
  readonly undo: object;
}

/** How one sees that a capability works. */
export interface Check {
  readonly request: CheckRequest;
  /**
   * Service of Bookinfo that a pod without a sidecar asks directly; default: the request goes through the gateway.
   */
  readonly outsideOf?: string;
  /** A request through the gateway that must be answered with 200 first: silence elsewhere says something only then. */
  readonly control?: CheckRequest;
  /** What must go wrong for the capability to have something to do; undone afterwards. */
  readonly disturbance?: Disturbance;
  /** Proxies whose log shows the effect: all pods of an application, or those of one version. */
  readonly log?: { readonly cluster: string; readonly app: string; readonly version?: string | undefined };
  /** What is expected: what comes back, as part of a sentence. */
  readonly expected: string;
  /** Statuses that say something of the capability, its effect's among them; default: 200 alone. 0 is silence. */
  readonly statuses?: readonly number[];
  /**
   * Whether the effect is there.
   *
   * @param answers one or more, each with one of `statuses`
   * @param log what the proxies wrote meanwhile
   */
  isShown(answers: readonly Answer[], log: string): boolean;
}

/** Why requests cannot show whether a capability works, as it is configured; a sentence without its full stop. */
export interface CannotTell {
  readonly cannotTell: string;
}

export const isCheck = (check: Check | CannotTell): check is Check => "request" in check;

/** What a capability answers itself, in the place of Bookinfo. */
export interface OwnAnswer {
  readonly status: number;
  /** Whether each request that it concerns gets this answer; else some do. */
  readonly isCertain: boolean;
  /** Whether it concerns a request that comes in through the gateway. */
  concerns(request: Pick<CheckRequest, "path" | "method">): boolean;
}
