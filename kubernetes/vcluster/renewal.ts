import { X509Certificate } from "node:crypto";

// k3s renews its certificates when it starts, if they have no more than this left.
const renewableDays = 90;

/** Whether a restart of the control plane would bring a new certificate. */
export function isRenewable(certificate: string, now: number = Date.now()): boolean {
  const { validTo } = new X509Certificate(certificate);
  return Date.parse(validTo) - now < renewableDays * 24 * 3600 * 1000;
}
