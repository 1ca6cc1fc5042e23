import { parse } from "yaml";
import { clusters } from "./lab.ts";
import { cluster, pulumi } from "./rehearsal.ts";

/** Everything in the rehearsed lab that nobody else may read. */
export async function secrets(): Promise<string[]> {
  const { kubeconfig } = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets")) as {
    kubeconfig: string;
  };
  const { users } = parse(kubeconfig) as { users: { user: Record<string, string> }[] };
  const keys = users.flatMap(({ user }) => [user["client-key-data"] ?? "", user["token"] ?? ""]);
  const state = JSON.parse(await pulumi("stack", "export", "--show-secrets")) as {
    deployment: { resources: { type: string; outputs?: { result?: { plaintext?: string } } }[] };
  };
  const token = state.deployment.resources
    .filter(({ type }) => type === "random:index/randomPassword:RandomPassword")
    .map(({ outputs }) => JSON.parse(outputs?.result?.plaintext ?? '""') as string);
  const lists = await Promise.all(
    ["host", ...clusters].map((name) => cluster(name).core.listSecretForAllNamespaces()),
  );
  const data = lists.flatMap(({ items }) =>
    items.flatMap((secret) =>
      Object.entries(secret.data ?? {})
        .filter(([key]) => key !== "namespace")
        .flatMap(([, value]) => [value, Buffer.from(value, "base64").toString()]),
    ),
  );
  return [...keys, ...token, ...data, "rehearsal-licenseKey", "PRIVATE KEY"].filter(
    ({ length }) => length > 0,
  );
}
