import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { brokenFrom, objectionTo } from "../versions/compatibility.ts";
import { labCommand } from "../messages/commands.ts";
import type { CheckedSettings } from "../config/settings.ts";
import { clusterNames } from "../config/clusters.ts";
import { roomAdvice, roomFor } from "../kubernetes/diagnosis/room.ts";
import type { Spare } from "../steps/spare.ts";
import { type ReckonedPods, reckonedPods } from "./pods.ts";

/** As long as a preview waits for a host: it needs none. */
const patience = 5000;

/**
 * Says in a preview why `up` would refuse the host, which ends the preview, and where the host has too little room for the
 * lab; says nothing where no host can be asked.
 */
export async function previewHost(settings: CheckedSettings): Promise<void> {
  if (!pulumi.runtime.isDryRun()) return;
  const spare = await spareFor(settings).catch(() => undefined);
  if (spare === undefined) return;
  const objection = settings.anyHost ? undefined : objectionTo(spare.version, brokenFrom(settings));
  if (objection !== undefined) await pulumi.log.error(objection);
  const risk = roomRisk(settings, spare);
  if (risk !== undefined) await pulumi.log.warn(risk);
}

/** In a process of its own: the program goes on meanwhile, and a host that does not answer holds up nothing. */
async function spareFor(settings: CheckedSettings): Promise<Spare> {
  const spec = JSON.stringify({ hostContext: settings.hostContext, own: clusterNames({ ...settings }) });
  const { stdout } = await promisify(execFile)(process.execPath, ["dist/steps/spare.js", spec], {
    timeout: patience,
    killSignal: "SIGKILL",
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Spare;
}

/** What there is too little room for on a host; undefined: nothing. */
export function roomRisk(
  settings: CheckedSettings,
  { places, images }: Pick<Spare, "places" | "images">,
): string | undefined {
  const pods = reckonedPods(settings);
  const replaced = pods.filter(({ spec }) => isReplaced(spec, images));
  // Another registry is one for all. Each Deployment starts a pod before it ends one.
  const isAnotherRegistry = replaced.some(({ spec }) =>
    spec.containers.some(({ image }) =>
      images.some((running) => taggedNameOf(running) === taggedNameOf(image)),
    ),
  );
  const beside = (isAnotherRegistry ? pods : replaced)
    .filter(({ isStateful, count }) => isStateful !== true && count > 0)
    .map((each) => ({ ...each, count: Math.max(1, Math.ceil(each.count / 4)) }));
  const { verdict, found } = roomFor([...pods, ...beside], places);
  if (verdict !== "too little") return undefined;
  const during = beside.length === 0 ? "" : " while they are replaced";
  return `Too little room on the host${during}: ${found}. ${roomAdvice} ${labCommand("doctor")} looks closer.`;
}

/** Whether there are pods of this image's name, but none of this image. */
const isReplaced = ({ containers }: ReckonedPods["spec"], images: readonly string[]): boolean =>
  containers.some(
    ({ image }) =>
      image !== undefined &&
      !images.includes(image) &&
      images.some((running) => nameOf(running) === nameOf(image)),
  );

/** The last part of an image's name, which it has in every registry, with its tag. */
const taggedNameOf = (image = ""): string => image.slice(image.lastIndexOf("/") + 1);

const nameOf = (image: string): string => taggedNameOf(image).replace(/[:@].*$/, "");
