/** The provider's own settings. */
import type { KubeConfig } from "@kubernetes/client-node";
import { type Checked, isObject, type Props } from "../provider.ts";
import { holdsUnknown, text } from "./object.ts";
import type { Mutable } from "./replace.ts";

export interface Settings {
  readonly namespace: string;
  readonly mutable: Mutable;
  readonly patchForce: boolean;
  readonly deleteUnreachable: boolean;
  readonly skipUpdateUnreachable: boolean;
}

/** The reason for refusing what the stand-in does not do, instead of ignoring it. */
export const unsupported = (what: string): string =>
  `the rehearsal's stand-in for the Kubernetes provider does not support ${what}; do without it or put the real plugin on PATH`;

/** The SDK writes booleans as JSON text. */
const isOn = (value: unknown): boolean => value === true || value === "true";
const flag = (args: Props, key: string, variable: string): boolean =>
  isOn(args[key] ?? process.env[`PULUMI_K8S_${variable}`]);

export const settings = (args: Props, kubeConfig?: KubeConfig): Settings => ({
  namespace:
    text(args, "namespace") ||
    (kubeConfig?.getContextObject(kubeConfig.getCurrentContext())?.namespace ?? "default"),
  mutable: {
    Secret: flag(args, "enableSecretMutable", "ENABLE_SECRET_MUTABLE"),
    ConfigMap: flag(args, "enableConfigMapMutable", "ENABLE_CONFIGMAP_MUTABLE"),
  },
  patchForce: flag(args, "enablePatchForce", "ENABLE_PATCH_FORCE"),
  deleteUnreachable: flag(args, "deleteUnreachable", "DELETE_UNREACHABLE"),
  skipUpdateUnreachable: flag(args, "skipUpdateUnreachable", "SKIP_UPDATE_UNREACHABLE"),
});

const isOther: Readonly<Record<string, (value: unknown) => boolean>> = {
  enableServerSideApply: (v) => !isOn(v),
  upsertExistingObjects: isOn,
  alwaysRender: isOn,
  renderYamlToDirectory: (v) => v !== "",
  helmReleaseSettings: (v) => isObject(v) && Object.values(v).some(Boolean),
};

/** What the stand-in does not do. */
export function configFailures(news: Props): NonNullable<Checked["failures"]> {
  return Object.entries(isOther)
    .filter(([key, refused]) => key in news && !holdsUnknown(news[key]) && refused(news[key]))
    .map(([property]) => ({ property, reason: unsupported(`this setting of "${property}"`) }));
}
