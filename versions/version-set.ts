/** Parts of the lab that have a version of their own. */
export const parts = ["vcluster", "kubernetes", "glooMesh", "istio", "bookinfo", "keycloak"] as const;
export type Part = (typeof parts)[number];

/** A version for each part. */
export type Versions = Readonly<Record<Part, string>>;

/** Charts the lab installs, by the names that the configuration has for them. */
export const chartNames = [
  "vcluster",
  "glooPlatformCrds",
  "glooPlatform",
  "glooMeshEnterprise",
  "glooMeshAgent",
  "istioBase",
  "istiod",
  "gateway",
] as const;
export type ChartName = (typeof chartNames)[number];

/** A chart the lab installs: which part it belongs to, and where it lives. */
export interface Chart {
  /** Name of the chart in its repository, and of its archive or folder in a directory of charts. */
  readonly chart: string;
  /** The part whose version is the chart's. */
  readonly part: Part;
  /** URL of the Helm repository. */
  readonly repo: string;
}

/** From one minor version to another, both included. */
export type Range = readonly [from: number, to: number];

/** What the parts of a set are known to work with, as minor versions of Kubernetes, or of Istio. */
interface Compatibility {
  /** Versions of vcluster by minor version, each with the hosts and guests that it is known with. */
  readonly vcluster: Readonly<Record<number, { readonly hosts: Range; readonly guests: Range }>>;
  /** Versions of Istio by minor version, each with the versions of Kubernetes that it is supported on. */
  readonly istio: Readonly<Record<number, Range>>;
  /** Versions of Gloo Mesh 2 by minor version; no range of Kubernetes where none is published. */
  readonly glooMesh: Readonly<Record<number, { readonly istio: Range; readonly kubernetes?: Range }>>;
}

/** Containers of a control plane whose resources can be chosen, by the names of their keys. */
export type ControlPlanePart = "vcluster" | "syncer";

/**
 * Versions that fit together, and in what the lab differs with them. What a set's charts are told is in
 * `values/NAME/`; no other place asks which set it is.
 */
export interface VersionSet {
  /** The versions of its parts; a stack may choose others of the same line under `versions`. */
  readonly versions: Versions;
  /** Its charts. */
  readonly charts: Readonly<Partial<Record<ChartName, Chart>>>;
  readonly compatibility: Compatibility;
  /** Image of the Kubernetes in a virtual cluster, without registry and tag. */
  readonly kubernetesImage: string;
  readonly controlPlane: {
    /** Its containers whose resources can be chosen. */
    readonly sized: readonly ControlPlanePart[];
    /** What its chart makes of one without a volume; of one with a volume, each makes a StatefulSet. */
    readonly withoutVolume: "StatefulSet" | "Deployment";
    /**
     * Whether copies of objects on the host keep the labels of what they are copies of; else each key there is a hash
     * of its own, and what goes by labels on the host sees none of them.
     * Source: pkg/util/translate of vcluster, `HostLabel` in labels.go, and `ConvertLabelKey` in single_namespace.go
     * before it.
     */
    readonly keepsLabels: boolean;
    /** Whether it renews its certificates by itself; else a new pod does, once they are near their end. */
    readonly renewsCertificates: boolean;
    /**
     * Tag of the CoreDNS that it starts in a virtual cluster, by the minor version of Kubernetes there.
     * Source: pkg/constants/coredns.go of vcluster.
     */
    readonly coredns: Readonly<Record<number, string>>;
    /** That tag for any other version; undefined: the image has none. */
    readonly corednsElse?: string;
    /** The registry of that image, with a slash; empty: it is not named. */
    readonly corednsRegistry: string;
    /** What it asks for, where the chart has no manifest of it. */
    readonly corednsRequests: { readonly cpu: string; readonly memory: string };
  };
  /** Whether values of Gloo Mesh's add-ons can name the registry of their images. */
  readonly mirrorsAddOns: boolean;
  /**
   * Capabilities whose objects its Gloo Mesh may refuse, with the reason, as part of a sentence.
   * Source: what its documentation says of their fields.
   */
  readonly doubtful: Readonly<Record<string, string>>;
  /** Kinds of license key that its charts tell from one another; none: there is but one. */
  readonly licenseKinds: readonly LicenseKind[];
}

/** Kinds of license key that Solo.io gives. */
export const licenseKinds = ["trial", "mesh"] as const;
export type LicenseKind = (typeof licenseKinds)[number];
