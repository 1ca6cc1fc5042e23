import {
  AuthorizationV1Api,
  CoreV1Api,
  NetworkingV1Api,
  StorageV1Api,
  type V1StorageClass,
} from "@kubernetes/client-node";
import { BlockList } from "node:net";
import { nodeAddresses } from "../../steps/node.ts";
import { findServiceCidr } from "../../steps/service-cidr.ts";
import { clustersIn } from "../lab.ts";
import { type Check, doubtful, fine, type Finding, Unmet, wrong } from "./check.ts";
import type { Facts } from "./facts.ts";
import type { CheckedSettings } from "../../config/check.ts";

export const reachedCheck: Check<Facts> = {
  name: "host",
  look: async ({ host }) => {
    try {
      const { context, server } = await host.get();
      return fine(`context ${context}, ${server}`);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Unmet) throw error;
      return wrong(
        error.message,
        "Is it up, and the right one? kubectl config get-contexts; pulumi config set hostContext CONTEXT.",
      );
    }
  },
};

const isDefault = ({ metadata }: V1StorageClass): boolean =>
  ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"].some(
    (annotation) => metadata?.annotations?.[annotation] === "true",
  );

/** Drivers that took over from what was part of Kubernetes once; its storage classes wait for them. */
const successors: Readonly<Record<string, string>> = {
  "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
  "kubernetes.io/azure-disk": "disk.csi.azure.com",
  "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
};

export const storageCheck: Check<Facts> = {
  name: "storage class",
  look: async ({ settings, host }) => {
    const [{ controlPlane }, { config }] = await Promise.all([settings.needed(), host.needed()]);
    if (!controlPlane.persistence) return fine("none is needed, controlPlane.persistence is false");
    const api = config.makeApiClient(StorageV1Api);
    const [classes, drivers] = await Promise.all([api.listStorageClass(), api.listCSIDriver()]);
    const names = drivers.items.map(({ metadata }) => metadata?.name ?? "");
    return judgedStorage(controlPlane.storageClass, classes.items, names);
  },
};

/** What to make of the host's storage classes and drivers, where one is configured or the default one is to be taken. */
export function judgedStorage(
  configured: string | undefined,
  classes: readonly V1StorageClass[],
  drivers: readonly string[],
): Finding {
  const names = classes.map(({ metadata }) => metadata?.name ?? "").join(", ") || "none";
  const found = classes.find((each) =>
    configured === undefined ? isDefault(each) : each.metadata?.name === configured,
  );
  if (found === undefined)
    return configured === undefined
      ? wrong(
          `the host has no default class; it has: ${names}`,
          "Set controlPlane.storageClass, or for a lab of a day controlPlane.persistence to false.",
        )
      : wrong(`the host has no class ${configured}; it has: ${names}`, "Set controlPlane.storageClass.");
  const name = found.metadata?.name ?? "";
  const driver = successors[found.provisioner] ?? found.provisioner;
  // Provisioners of other kinds leave no such object.
  return driver.includes(".csi.") && !drivers.includes(driver)
    ? wrong(`class ${name} needs driver ${driver}, which the host does not have`, `Install ${driver}.`)
    : fine(name);
}

export const serviceRangeCheck: Check<Facts> = {
  name: "service range",
  look: async ({ settings, host }) => {
    const [{ serviceCidr }, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const find = findServiceCidr(config.makeApiClient(CoreV1Api), config.makeApiClient(NetworkingV1Api));
    return judgedRange(serviceCidr, await find.catch(() => undefined));
  },
};

/** What to make of the configured range of ClusterIPs and of the one that the host told. */
export function judgedRange(configured: string | undefined, found: string | undefined): Finding {
  if (configured === undefined)
    return found === undefined
      ? wrong(
          "the host does not tell the range of its ClusterIPs",
          "Set serviceCidr, e.g. from the arguments of its API server (--service-cluster-ip-range).",
        )
      : fine(found);
  if (found === undefined)
    return doubtful(`${configured}, and the host does not tell its own`, "Make sure that it is the host's.");
  return contains(configured, found)
    ? fine(configured)
    : wrong(
        `serviceCidr is ${configured}, and the host's is ${found}: syncers would not start`,
        `Leave serviceCidr out, or set it to ${found}.`,
      );
}

function contains(outer: string, inner: string): boolean {
  const [[address = "", outerBits = ""], [start = "", innerBits = ""]] = [outer, inner].map((cidr) =>
    cidr.split("/"),
  ) as [string[], string[]];
  const range = new BlockList();
  range.addSubnet(address, Number(outerBits));
  return Number(outerBits) <= Number(innerBits) && range.check(start);
}

/** Where nodes are reached, for Services of type NodePort. */
export const nodeAddressCheck: Check<Facts> = {
  name: "node address",
  look: async ({ settings, nodes }) => {
    const { expose, nodeAddress } = await settings.needed();
    if (expose !== "NodePort") return [];
    const found = nodeAddresses([...(await nodes.needed())]);
    if (found === undefined)
      return wrong("no node of the host is ready and has an InternalIP", "Look at kubectl get nodes.");
    return fine(`${nodeAddress ?? found.outside}, which must be reachable from where Pulumi runs`);
  },
};

/** Something that the program, or the charts that it puts on the host, do there. */
interface Right {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  /** Whether it is done in the namespace of each cluster. */
  readonly namespaced?: true;
}

const rbac = "rbac.authorization.k8s.io";
const changed: readonly Omit<Right, "verb">[] = [
  { resource: "namespaces" },
  { group: rbac, resource: "clusterroles" },
  { group: rbac, resource: "clusterrolebindings" },
  { group: rbac, resource: "roles", namespaced: true },
  { group: rbac, resource: "rolebindings", namespaced: true },
  { resource: "serviceaccounts", namespaced: true },
  { resource: "configmaps", namespaced: true },
  { resource: "secrets", namespaced: true },
  { resource: "services", namespaced: true },
  { group: "apps", resource: "statefulsets", namespaced: true },
];
const rights: readonly Right[] = [
  ...["get", "create", "patch", "delete"].flatMap((verb) => changed.map((right) => ({ verb, ...right }))),
  // Helm keeps releases there.
  { verb: "list", resource: "secrets", namespaced: true },
  { verb: "update", resource: "secrets", namespaced: true },
  { verb: "list", resource: "pods", namespaced: true },
];

/** A user who may do this is not asked whether he holds the rights that he gives to the virtual clusters. */
export const giving: Right = { verb: "escalate", group: rbac, resource: "clusterroles" };

export const accessCheck: Check<Facts> = {
  name: "rights",
  look: async ({ settings, host }) => {
    const [lab, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const api = config.makeApiClient(AuthorizationV1Api);
    const may = async ({ verb, group = "", resource, namespaced }: Right): Promise<boolean> => {
      const namespace = namespaced === true ? { namespace: namespaceOf(lab) } : {};
      const body = { spec: { resourceAttributes: { verb, group, resource, ...namespace } } };
      const { status } = await api.createSelfSubjectAccessReview({ body });
      return status?.allowed === true;
    };
    const answers = await Promise.all(
      [giving, ...rights].map(async (right) => [right, await may(right)] as const),
    );
    return judgedRights(answers.filter(([, allowed]) => !allowed).map(([right]) => right));
  },
};

/** What holds in one cluster's namespace holds in the others'. */
const namespaceOf = (settings: CheckedSettings): string => clustersIn(settings)[0] ?? "";

/** What to make of the rights that the user does not have. */
export function judgedRights(missing: readonly Right[]): Finding {
  const needed = missing.filter((right) => right !== giving);
  const inWords = [...Map.groupBy(needed, ({ resource }) => resource)].map(
    ([resource, list]) => `${list.map(({ verb }) => verb).join(", ")} ${resource}`,
  );
  if (needed.length > 0)
    return wrong(`the user may not ${inWords.join("; ")}`, "Ask for these rights, or take another context.");
  return missing.length > 0
    ? doubtful(
        "the user may give others no rights that he does not have himself",
        "Virtual clusters read and change nodes: as a cluster-admin, there is nothing to fear.",
      )
    : fine("all that is needed");
}
