/** What is known when an agent tries to reach the relay; undefined is what could not be found. */
export interface AgentSituation {
  /** From the agent's own arguments. */
  readonly cluster: string | undefined;
  readonly relayAddress: string | undefined;
  /** The root certificate by which the agent verifies the server. */
  readonly root: string | undefined;
  readonly token: string | undefined;
  /** It has joined before, and needs no token. */
  readonly hasCertificate: boolean;
  /** The management server that listens at the address. */
  readonly relay: RelaySituation | undefined;
}

/** The management side. */
export interface RelaySituation {
  readonly ready: boolean;
  readonly root: string | undefined;
  readonly token: string | undefined;
  readonly canSign: boolean;
  /** It has a KubernetesCluster of the agent's name. */
  readonly knowsCluster: boolean;
}

/** What keeps an agent from running, in the order in which it would meet it. */
const obstacles: readonly {
  readonly met: (situation: AgentSituation) => boolean;
  readonly reason: (situation: AgentSituation) => string;
}[] = [
  {
    met: ({ cluster }) => cluster === undefined,
    reason: () => "flag --cluster is not set: the agent does not know its cluster's name",
  },
  {
    met: ({ relayAddress }) => relayAddress === undefined,
    reason: () => "flag --relay-address is not set: the agent does not know where the relay is",
  },
  {
    met: ({ root }) => root === undefined,
    reason: () => "Secret relay-root-tls-secret not found in namespace gloo-mesh, or it has no key ca.crt",
  },
  {
    met: ({ hasCertificate, token }) => !hasCertificate && token === undefined,
    reason: () =>
      "Secret relay-identity-token-secret not found in namespace gloo-mesh, or it has no key token",
  },
  {
    met: ({ relay }) => relay === undefined,
    reason: ({ relayAddress = "" }) => dialing(relayAddress, "i/o timeout"),
  },
  {
    met: ({ relay }) => relay?.ready === false,
    reason: ({ relayAddress = "" }) => dialing(relayAddress, "connect: connection refused"),
  },
  {
    met: ({ root, relay }) => root?.trim() !== relay?.root?.trim(),
    reason: () =>
      unavailable(
        "transport: authentication handshake failed: x509: certificate signed by unknown authority",
      ),
  },
  {
    met: ({ hasCertificate, token, relay }) => !hasCertificate && token !== relay?.token,
    reason: () =>
      "rpc error: code = Unauthenticated desc = the identity token is not the management server's",
  },
  {
    met: ({ hasCertificate, relay }) => !hasCertificate && relay?.canSign === false,
    reason: () =>
      "rpc error: code = Internal desc = Secret relay-tls-signing-secret not found on the management cluster",
  },
  {
    met: ({ relay }) => relay?.knowsCluster === false,
    reason: ({ cluster = "" }) => `KubernetesCluster ${cluster} not found on the management cluster`,
  },
];

/** Why an agent in this situation ends instead of running; undefined if it runs. */
export const obstacleOf = (situation: AgentSituation): string | undefined =>
  obstacles.find(({ met }) => met(situation))?.reason(situation);

const unavailable = (description: string): string =>
  `rpc error: code = Unavailable desc = connection error: desc = "${description}"`;

const dialing = (address: string, problem: string): string =>
  unavailable(`transport: Error while dialing dial tcp ${address}: ${problem}`);
