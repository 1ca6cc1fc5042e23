import type { V1Node } from "@kubernetes/client-node";
import { amd64Only } from "../../../versions/compatibility.ts";
import { isOpenTo, placesOf } from "../../../kubernetes/diagnosis/placement.ts";
import { isFake } from "../../clusters/simulated.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

export const architectureCheck: Check<Facts> = {
  name: "architecture",
  look: async ({ settings, nodes }) => {
    const [{ versions, istioImage }, list] = await Promise.all([settings.needed(), nodes.needed()]);
    return judgedArchitecture(
      list,
      istioImage === undefined ? amd64Only(versions) : amd64Only({ ...versions, istio: "" }),
    );
  },
};

/**
 * What to make of the processors of a host's nodes.
 *
 * @param parts of the lab, those whose images are for amd64 only
 */
export function judgedArchitecture(nodes: readonly V1Node[], parts: readonly string[]): Finding[] {
  // No container runs on simulated ones; pods of the lab come to those only that are open to all.
  const open = placesOf(nodes, [])
    .filter((place) => isOpenTo(place, {}))
    .map(({ name }) => name);
  const real = nodes.filter((node) => open.includes(node.metadata?.name ?? "") && !isFake(node));
  const archOf = ({ metadata, status }: V1Node) =>
    status?.nodeInfo?.architecture ?? metadata?.labels?.["kubernetes.io/arch"] ?? "amd64";
  if (real.length === 0) return [];
  const others = real.filter((node) => archOf(node) !== "amd64");
  const all = [...new Set(real.map(archOf))].sort().join(", ");
  if (others.length === 0 || parts.length === 0) return [fine(all)];
  const images = `the images of ${parts.join(", ")} are for amd64 only`;
  if (others.length === real.length)
    return [
      wrong(
        `nodes are ${all}, and ${images}`,
        "Take a host with amd64 nodes, or versions whose images are for others: Istio 1.15 and newer.",
      ),
    ];
  const names = others.map(({ metadata }) => metadata?.name ?? "");
  return [
    doubtful(
      `${names.join(", ")} ${names.length === 1 ? "is" : "are"} ${[...new Set(others.map(archOf))].join(", ")}, and ${images}: pods that land there fail`,
      `Keep the lab's pods away: ${names.map((name) => `kubectl taint node ${name} mesh-lab=amd64-only:NoSchedule`).join("; ")}.`,
    ),
  ];
}
