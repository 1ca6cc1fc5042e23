import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Due, ReleaseName, Wanted } from "../../kubernetes/helm/release.ts";
import { kubernetes } from "./kubernetes.ts";
import { settled } from "./settled.ts";

/** What is known of a release that may need mending. */
export interface Mended {
  readonly release: string;
  readonly namespace: pulumi.Input<string>;
  readonly wanted: pulumi.Input<Wanted>;
  readonly access: { readonly kubeconfig?: pulumi.Output<string>; readonly context?: string | undefined };
}

/** A release in its cluster. */
interface Found {
  readonly cluster: KubeConfig;
  readonly release: ReleaseName;
  readonly wanted: Wanted;
}

/** Inputs that alone are no reason to upgrade a release. */
const quiet = ["timeout", "description"];

/**
 * Makes good what runs that failed or were cut off left of a release: an upgrade of what is not `deployed` comes
 * whether the configuration asks for it or not, starts from all that is there, and gets past broken pods.
 */
export class Mending {
  readonly #mended: Mended;
  #upgrade = new AbortController();

  constructor(mended: Mended) {
    this.#mended = mended;
  }

  /** Resource options that do it. */
  get options(): pulumi.CustomResourceOptions {
    return {
      ignoreChanges: [...quiet],
      // A preview asks no cluster.
      ...(pulumi.runtime.isDryRun() ? {} : this.#asking),
    };
  }

  get #asking(): pulumi.CustomResourceOptions {
    return {
      transforms: [(args) => this.#becomeDue(args)],
      hooks: {
        beforeUpdate: [() => this.#beginUpgrade()],
        afterUpdate: [
          async () => {
            this.end();
          },
        ],
      },
    };
  }

  /** The upgrade is over. */
  end(): void {
    this.#upgrade.abort();
  }

  /** Whether an installation that failed is worth another try, and what was found. */
  async makeInstallable(errors: readonly string[]): Promise<string | undefined> {
    if (!errors.some((error) => error.includes("cannot re-use a name that is still in use")))
      return undefined;
    const found = await this.#find();
    if (found === undefined) return undefined;
    const { makeInstallable } = await kubernetes();
    await makeInstallable(found.cluster, found.release, found.wanted);
    return `${found.release.name} in namespace ${found.release.namespace} was left half done by a run that was cut off; it is installed again`;
  }

  async #becomeDue({
    props,
    opts,
  }: pulumi.ResourceTransformArgs): Promise<pulumi.ResourceTransformResult | undefined> {
    const { ignoreChanges = [] } = opts;
    // In a cluster that is paused nothing answers.
    if (ignoreChanges.includes("*")) return undefined;
    const found = await this.#find();
    if (found === undefined) return undefined;
    const due = await ifAnswered(this.#due(found));
    if (due === undefined) return undefined;
    return {
      props: { ...props, ...due },
      opts: { ...opts, ignoreChanges: ignoreChanges.filter((property) => !quiet.includes(property)) },
    };
  }

  /** An upgrade is due to a release that is not as it is wanted, and to one that somebody took a part of. */
  async #due({ cluster, release, wanted }: Found): Promise<Due | undefined> {
    const { compared, CoreV1Api, missingIn, titleOf } = await kubernetes();
    const { due, last } = await compared(cluster.makeApiClient(CoreV1Api), release, wanted);
    if (last === undefined) return due;
    const missing = (await missingIn(cluster, release, last.manifest)).map(titleOf);
    if (missing.length === 0) return undefined;
    await pulumi.log.info(
      `${release.name} in namespace ${release.namespace} lacks ${missing.join(", ")}, which somebody deleted: this run makes it again`,
    );
    return { description: `Return of ${missing.join(", ")} to revision ${last.version}` };
  }

  async #beginUpgrade(): Promise<void> {
    const found = await this.#find();
    if (found === undefined) return;
    const { cluster, release } = found;
    const { CoreV1Api, keepDeletingStuckPods, makeUpgradable, restore } = await kubernetes();
    const where = `${release.name} in namespace ${release.namespace}`;
    const status = await ifAnswered(makeUpgradable(cluster.makeApiClient(CoreV1Api), release));
    if (status !== undefined) await pulumi.log.info(`${where} was ${status}: this run completes it`);
    // What keeps it from coming back is told by the upgrade.
    await restore(cluster, release, restoreSeconds).catch(() => undefined);
    this.#upgrade = new AbortController();
    void keepDeletingStuckPods(cluster, release, this.#upgrade.signal, (pod) => {
      void pulumi.log.info(`${where}: Pod ${pod} is not ready and has an older template; it is deleted`);
    });
  }

  /** Undefined: nothing is known of it in this run. */
  async #find(): Promise<Found | undefined> {
    const { release: name, namespace, wanted, access } = this.#mended;
    const known = await settled(pulumi.output({ ...access, namespace, wanted }));
    if (known === undefined) return undefined;
    const { kubeConfigOf } = await kubernetes();
    const { context, kubeconfig } = known;
    const cluster = clusters.get(kubeconfig ?? "") ?? ifReadable(() => kubeConfigOf({ context, kubeconfig }));
    if (cluster === undefined) return undefined;
    if (kubeconfig !== undefined) clusters.set(kubeconfig, cluster);
    return { cluster, release: { namespace: known.namespace, name }, wanted: known.wanted };
  }
}

/** Virtual clusters by their kubeconfigs: what is learnt of one for a release holds for the others in it. */
const clusters = new Map<string, KubeConfig>();

const patienceMs = 10_000;

/** How long what was deleted of a release may take to answer again before Helm goes on with the rest. */
const restoreSeconds = 120;

/** Undefined where there is no way into the cluster: what is done with it next tells so. */
function ifReadable(read: () => KubeConfig): KubeConfig | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Undefined where the cluster does not answer, or not in time: what is done with it next tells so. */
const ifAnswered = <T>(answer: Promise<T>): Promise<T | undefined> =>
  Promise.race([answer.catch(() => undefined), sleep(patienceMs, undefined, { ref: false })]);
