import type { V1Pod } from "@kubernetes/client-node";
import { containersOf } from "../kit/objects.ts";

/** What an agent has been told on its command line or in its environment. */
export interface AgentArguments {
  readonly cluster: string | undefined;
  /** host:port. */
  readonly relayAddress: string | undefined;
}

const address = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:\d+$/i;

/** Reads `--cluster` and `--relay-address`; failing the latter, takes whatever else is an address. */
export function agentArguments(pod: V1Pod): AgentArguments {
  const given = containersOf(pod).flatMap(({ command = [], args = [], env = [] }) => [
    ...[...command, ...args].flatMap((argument) => {
      const [, name, value] = /^--?([^=]+)=(.*)$/.exec(argument) ?? [];
      return name === undefined || value === undefined ? [] : [{ name, value }];
    }),
    ...env.map(({ name, value = "" }) => ({ name, value })),
  ]);
  const addresses = given.filter(({ value }) => address.test(value));
  const relay = addresses.find(({ name }) => name === "relay-address") ?? addresses[0];
  return {
    cluster: given.find(({ name, value }) => name === "cluster" && value !== "")?.value,
    relayAddress: relay?.value,
  };
}
