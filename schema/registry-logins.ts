import { setting } from "../messages/commands.ts";
import { text } from "./fields.ts";
import { mapping } from "./mapping.ts";

/** Logins as Docker's configuration has them. What is wrong with one is said without it: it is a secret. */
export const registryLogins = text.superRefine((value, context) => {
  const auths = mapping(mapping(parsed(value))["auths"]);
  const registries = Object.entries(auths);
  if (registries.length === 0)
    context.addIssue(
      `expected JSON with logins in "auths", as docker login writes it: ${setting("imagePullSecret", "< ~/.docker/config.json", { secret: true })}`,
    );
  const without = registries.filter(([, login]) => !hasLogin(mapping(login))).map(([registry]) => registry);
  if (without.length > 0)
    context.addIssue(
      `expected a login to ${without.join(", ")}, which only a credential store of Docker has. Make one that stands for itself: kubectl create secret docker-registry NAME --docker-server=... --dry-run=client -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d`,
    );
});

function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

const hasLogin = ({ auth, username, password, identitytoken }: ReturnType<typeof mapping>): boolean =>
  [auth, identitytoken, username !== undefined && password !== undefined ? password : undefined].some(
    (one) => typeof one === "string" && one !== "",
  );
