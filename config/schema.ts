import { setting } from "../messages/commands.ts";
import { z } from "zod";
import { reviewsVersions } from "../values/bookinfo.ts";
import { type ReleaseKind, releaseKinds } from "../schema/releases.ts";
import { registryLogins } from "../schema/registry-logins.ts";
import { unlessTwice } from "../schema/traffic-fields.ts";
import type { Capability } from "../capabilities/common/definition.ts";
import {
  capabilities,
  capabilityNames,
  type CapabilityName,
  type ChosenCapabilities,
} from "../capabilities/all.ts";
import { exposures } from "../values/exposure.ts";
import { numberOf } from "../schema/quantity.ts";
import { chartNames, licenseKinds, type Part, parts } from "../versions/version-set.ts";
import { versionSetNames, versionSetOf } from "../versions/versions.ts";
import { key, listed } from "../schema/describe.ts";
import {
  address,
  cidr,
  clusterName,
  flag,
  helmValues,
  imageBuild,
  imageRegistry,
  labelValue,
  managementName,
  membersOf,
  object,
  oneOf,
  orEmpty,
  quantity,
  replicas,
  repository,
  strings,
  text,
} from "../schema/fields.ts";

const amounts = membersOf(["cpu", "memory"], () => quantity);
const resources = membersOf(["requests", "limits"], () => amounts).superRefine(
  ({ requests = {}, limits = {} }, context) => {
    for (const name of ["cpu", "memory"] as const) {
      const [asked, most] = [requests[name], limits[name]];
      if (asked !== undefined && most !== undefined && numberOf(asked) > numberOf(most))
        context.addIssue({
          code: "custom",
          path: ["requests", name],
          message: `${asked} is more than what limits allow, ${most}`,
        });
    }
  },
);

/** What every cluster has: parts whose resources can be chosen, and releases. */
const cluster = <Sized extends string, Released extends ReleaseKind>(
  sized: readonly Sized[],
  released: readonly Released[],
) => ({
  resources: orEmpty(
    membersOf(sized, (part) =>
      key(
        resources,
        `\`requests\` and \`limits\` of ${part}, with \`cpu\` and \`memory\``,
        "as in `values/`",
      ),
    ),
  ),
  paused: key(
    flag.default(false),
    "its control plane is stopped and its data kept; what is inside it is left as it is",
  ),
  values: key(
    orEmpty(membersOf(released, () => helmValues)),
    `Helm values for this cluster's releases, merged last: ${listed(released)}`,
    "none",
  ),
});

const gateway = (name: string) =>
  key(
    z
      .union(
        [z.literal(false), object({ replicas: key(replicas.default(1), `pods of the ${name} gateway`) })],
        "expected false or an object",
      )
      .prefault({}),
    `the ${name} gateway, or \`false\` for none`,
    "one",
  );

const workload = object({
  name: key(
    clusterName,
    "its name: of its namespace on the host, its context, its trust domain",
    "must be set",
  ),
  bookinfo: key(
    object({
      reviews: key(
        z
          .array(oneOf(reviewsVersions), "expected a list of versions")
          .min(1, `expected one or more of ${reviewsVersions.join(", ")}`)
          .superRefine(unlessTwice<string>((version) => version))
          .default([...reviewsVersions]),
        "versions of `reviews` that run side by side",
      ),
    }).optional(),
    "Istio's sample application",
    "it runs none",
  ),
  ingress: gateway("ingress"),
  eastWest: gateway("east-west"),
  region: key(labelValue.optional(), "`topology.kubernetes.io/region` of its nodes", "`lab`"),
  zone: key(labelValue.optional(), "`topology.kubernetes.io/zone` of its nodes", "its name"),
  ...cluster(
    ["vcluster", "syncer", "istiod", "gateways"],
    [
      "vcluster",
      "glooMeshCrds",
      "glooMeshAgent",
      "glooMeshAddOns",
      "istioBase",
      "istiod",
      "ingress",
      "eastWest",
    ],
  ),
});

const management = object({
  name: key(clusterName.default(managementName), "name of the management cluster"),
  ...cluster(["vcluster", "syncer"], ["vcluster", "glooMeshCrds", "glooMeshEnterprise"]),
});

const toleration = object({
  key: text.optional(),
  operator: oneOf(["Exists", "Equal"]).optional(),
  value: text.optional(),
  effect: oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int("expected whole seconds").optional(),
});

const controlPlane = object({
  nodeSelector: key(strings.default({}), "labels of the nodes on which control planes run"),
  tolerations: key(
    z.array(toleration, "expected a list of tolerations").default([]),
    "taints of nodes that control planes tolerate, as in a pod",
  ),
  persistence: key(
    flag.default(true),
    "keep each cluster's data on a volume; `false` for labs of a day: a restarted pod, also one whose release changes, is an empty cluster, and the lab is to be destroyed and built anew",
  ),
  storageClass: key(text.optional(), "class of the volumes", "the host's default class"),
  storageSize: key(quantity.default("5Gi"), "size of each volume"),
});

const partsInWords: Readonly<Record<Part, string>> = {
  vcluster: "vcluster: its chart, which names its images",
  kubernetes: "Kubernetes in the virtual clusters: tag of its image",
  glooMesh: "Gloo Mesh: its charts, which name their images",
  istio: "Istio: its charts and images",
  bookinfo: "Bookinfo: tag of its images",
  keycloak: "Keycloak, for `capabilities.oidc`: tag of its image",
};

/** The version of a part in each set. */
const inEachSet = (part: Part): string =>
  versionSetNames.map((name) => `${name}: \`${versionSetOf(name).versions[part]}\``).join(", ");

type CapabilityForms = {
  readonly [Name in CapabilityName]: z.ZodType<ChosenCapabilities[Name], ChosenCapabilities[Name]>;
};

/** `true` is the capability with all of its defaults, and `false` the same as nothing. */
const capabilityForm = ({ options, description, soloIstio }: Capability) =>
  key(
    z
      .preprocess(
        (value) => (value === true ? {} : value),
        z.union([z.literal(false), options], "expected true, false or an object"),
      )
      .optional(),
    soloIstio === undefined
      ? description
      : `${description}. Needs Solo.io's build of Istio, see \`istioImage\``,
    "off",
  );

/** Every key of the stack's configuration. */
export const schema = z.strictObject({
  versionSet: key(
    oneOf(versionSetNames).default(versionSetNames[0]),
    "which versions fit together: `current`, those of today, for hosts of today; `article`, those of the article of 2022. A stack keeps the one that it was made with",
  ),
  anyHost: key(
    flag.default(false),
    "go on where the host's Kubernetes is known to break the lab in these versions; it is a warning then",
  ),
  hostContext: key(
    text.optional(),
    "context of the host cluster in the ambient kubeconfig (`$KUBECONFIG`, else `~/.kube/config`)",
    "the current context",
  ),
  serviceCidr: key(
    cidr.optional(),
    "range of the host's ClusterIPs, for versionSet `article`: later vclusters find it out",
    "the host is asked",
  ),
  expose: key(
    oneOf(exposures).default("LoadBalancer"),
    "how virtual clusters, gateways and the management server are reached: `LoadBalancer`, or `NodePort` on a host without one",
  ),
  nodeAddress: key(
    address.optional(),
    "with `NodePort`, where the machine that runs this reaches the host's nodes",
    "a ready node's ExternalIP, else its InternalIP",
  ),
  controlPlane: orEmpty(controlPlane),
  management: orEmpty(management),
  workloads: z
    .array(workload, "expected a list of workload clusters")
    .min(1, "expected at least one workload cluster")
    .max(20, "expected at most 20 workload clusters"),
  multiCluster: key(
    flag.default(true),
    "one root of trust, east-west gateways that Gloo Mesh knows, `region` and `zone` of nodes; `false` leaves them out, as the article does",
  ),
  capabilities: key(
    orEmpty(
      object(
        Object.fromEntries(
          capabilityNames.map((name) => [name, capabilityForm(capabilities[name])]),
        ) as unknown as CapabilityForms,
      ),
    ),
    "what of Gloo Mesh is tried out, each `true`, or an object with what is to differ from its defaults",
    "none",
  ),
  versions: orEmpty(
    object(
      Object.fromEntries(
        parts.map((part) => [
          part,
          key(text.optional(), `version of ${partsInWords[part]}`, inEachSet(part)),
        ]),
      ) as Record<Part, z.ZodOptional<z.ZodString>>,
    ),
  ),
  istioImage: key(
    imageBuild.optional(),
    "another build of Istio, as HUB:TAG; some capabilities need Solo.io's",
    "upstream's",
  ),
  imageRegistry: key(
    imageRegistry.optional(),
    "a mirror that has every image under its own path",
    "each image's own registry",
  ),
  charts: key(
    text.optional(),
    "directory that holds every chart as `NAME-VERSION.tgz` or `NAME/`",
    "each chart's repository",
  ),
  repositories: key(
    orEmpty(membersOf(chartNames, () => repository)),
    `chart repositories, \`https://\` or \`oci://\`: ${listed(chartNames)}`,
    "as in `versions/`",
  ),
  values: key(
    orEmpty(membersOf(releaseKinds, () => helmValues)),
    `Helm values for all releases of a kind, merged over the lab's own; may be secret: ${listed(releaseKinds)}`,
    "none",
  ),
  renew: key(
    text.default(""),
    "any text: when it changes, addresses and kubeconfigs are fetched anew, and certificates near their end renewed",
  ),
  timeoutSeconds: key(
    z.int("expected whole seconds").min(1, "expected 1 or more").default(600),
    "how long each release, and each wait, may take",
  ),
  imagePullSecret: key(
    registryLogins.optional(),
    "logins to the registries of images, as `docker login` writes them to `config.json`; a secret",
    "none",
  ),
  oidcClientSecret: key(
    text.optional(),
    "secret of the client that `capabilities.oidc.issuer` names; a secret",
    "a random one, for the lab's Keycloak",
  ),
  licenseKind: key(
    oneOf(licenseKinds).optional(),
    "what kind of key `licenseKey` is, where the charts ask: `trial`, or `mesh` for one of Gloo Mesh alone",
    "`trial`",
  ),
  licenseKey: key(
    z.string(
      `it is not set. Gloo Mesh needs a license key from solo.io: ${setting("licenseKey", "KEY", { secret: true })}`,
    ),
    "Gloo Mesh license key; a secret",
    "must be set",
  ),
});

/** A whole configuration, complete. */
export type Settings = z.output<typeof schema>;
