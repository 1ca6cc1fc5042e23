/** The forms that values of the configuration have, each with what to say of a value that has another. */
import { z } from "zod";

const shown = JSON.stringify;

// A StatefulSet labels its pods with its name and up to eleven more characters, and a label ends at 63.
const maxNameLength = 52;

/** Name of the management cluster where none is chosen. */
export const managementName = "devmgmt";

/** Context of the host in the rehearsal, and in the tables that people read. */
const reserved = "host";

export const clusterName = z
  .string("expected the name of a cluster")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: ({ input }) =>
      `${shown(input)} is no name for a cluster: lower-case letters, digits and "-" only (RFC 1123), no "-" at either end`,
  })
  .max(maxNameLength, {
    error: ({ input }) => `${shown(input)} is longer than ${maxNameLength} characters`,
  })
  .refine((name) => name !== reserved, `"${reserved}" is what the cluster around them is called`);

export const text = z.string("expected text");
export const flag = z.boolean("expected true or false");
export const strings = z.record(z.string(), text, "expected names with texts");
export const helmValues = z.record(z.string(), z.unknown(), "expected Helm values");

export const quantity = z
  .string("expected a quantity like 500m or 2Gi")
  .regex(/^\d+(\.\d+)?(m|[kMGTPE]i?)?$/, {
    error: ({ input }) => `${shown(input)} is no quantity; expected one like 500m or 2Gi`,
  });

export const labelValue = text.regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, {
  error: ({ input }) => `${shown(input)} cannot be the value of a label`,
});

export const cidr = z.cidrv4({
  error: ({ input }) => `${shown(input)} is no IPv4 range; expected one like 10.96.0.0/12`,
});

export const address = text.regex(/^[A-Za-z0-9.-]+$/, {
  error: ({ input }) => `${shown(input)} is neither an IPv4 address nor a host name`,
});

export const imageRegistry = text.regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/, {
  error: ({ input }) =>
    `${shown(input)} is no place for images; expected one like registry.example.com:5000/mirror`,
});

export const imageBuild = text.regex(/^[^\s:@]+(:\d+\/[^\s:@]+)?:[\w.-]+$/, {
  error: ({ input }) =>
    `${shown(input)} names no build of Istio; expected HUB:TAG, e.g. docker.io/istio:1.12.6`,
});

export const repository = text.regex(/^(https?|oci):\/\/\S+$/, {
  error: ({ input }) => `${shown(input)} is no chart repository; expected https://... or oci://...`,
});

export const url = text.regex(/^https?:\/\/\S+$/, {
  error: ({ input }) => `${shown(input)} is no URL; expected https://...`,
});

export const replicas = z
  .int("expected a whole number")
  .min(0, "expected 0 or more")
  .max(20, "expected 20 or less");

/** One of some words. */
export const oneOf = <Word extends string>(words: readonly Word[]) =>
  z.enum(words, `expected one of ${words.join(", ")}`);

/** An object. */
export const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, "expected an object");

/** An object that may have a member of each of these names. */
export function membersOf<Name extends string, T extends z.ZodType>(
  names: readonly Name[],
  member: (name: Name) => T,
): z.ZodObject<Record<Name, z.ZodOptional<T>>, z.core.$strict> {
  const shape = Object.fromEntries(names.map((name) => [name, member(name).optional()]));
  return object(shape as Record<Name, z.ZodOptional<T>>);
}

/** The same, and empty where it is not given; its members have defaults or may be missing. */
export const orEmpty = <T extends z.ZodObject>(form: T): z.ZodPrefault<T> => form.prefault({} as never);
