/** The forms that values of the configuration have, each with what to say of a value that has another. */
import { z } from "zod";
import { mapping } from "./mapping.ts";

// A StatefulSet labels its pods with its name and up to eleven more characters, and a label ends at 63.
const maxNameLength = 52;

/** Name of the management cluster where none is chosen. */
export const managementName = "devmgmt";

/** Context of the host in the rehearsal, and in the tables that people read. */
const reserved = "host";

/** Each cluster has a namespace and a Service of its name on the host. */
export const clusterName = z
  .string("expected the name of a cluster")
  // Hosts before Kubernetes 1.36 take no Service whose name begins with a digit, which they say half-way.
  .regex(
    /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    'expected the name of a cluster: lower-case letters, digits and "-", a letter first, no "-" last (RFC 1035)',
  )
  .max(maxNameLength, `expected a name of at most ${maxNameLength} characters`)
  .refine((name) => name !== reserved, `"${reserved}" is what the cluster around them is called`)
  .refine((name) => name !== "default" && !name.startsWith("kube-"), {
    error: ({ input }) => `"${input as string}" is a namespace that Kubernetes has for itself`,
  });

export const text = z.string("expected text");
const textLike = (pattern: RegExp, expected: string) => z.string(expected).regex(pattern, expected);
export const flag = z.boolean("expected true or false");
export const strings = z.record(z.string(), text, "expected names with texts");

/** What Kubernetes has as texts only, wherever a chart's values have it. */
const textsInValues = /^(nodeSelector|matchLabels|\w*[aA]nnotations)$/;

export const helmValues = z
  .record(z.string(), z.unknown(), "expected Helm values")
  .superRefine((values, context) => {
    for (const path of noTexts(values)) context.addIssue({ code: "custom", message: "expected text", path });
  });

/** Where such texts are none; an empty one takes a chart's default away. */
const noTexts = (values: unknown, path: readonly (string | number)[] = []): (string | number)[][] =>
  (Array.isArray(values) ? [...values.entries()] : Object.entries(mapping(values))).flatMap(
    ([key, value]: [string | number, unknown]) =>
      ["number", "boolean"].includes(typeof value) && textsInValues.test(String(path.at(-1)))
        ? [[...path, key]]
        : noTexts(value, [...path, key]),
  );

/** As in Kubernetes, also as a number: `cpu: 1`. */
export const quantity = z.preprocess(
  (value) => (typeof value === "number" ? String(value) : value),
  textLike(
    /^\+?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?\d+)?$/,
    "expected a quantity like 500m or 2Gi",
  ),
);

export const labelValue = textLike(
  /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  'expected the value of a label: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both ends',
);

export const cidr = z.cidrv4("expected an IPv4 range like 10.96.0.0/12");

export const address = textLike(/^[A-Za-z0-9.-]+$/, "expected an IPv4 address or a host name");

export const imageRegistry = textLike(
  /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*$/,
  "expected a place for images like registry.example.com:5000/mirror",
);

export const imageBuild = textLike(
  /^[^\s:@]+(:\d+\/[^\s:@]+)?:[\w.-]+$/,
  "expected a build of Istio as HUB:TAG, e.g. docker.io/istio:1.30.3",
);

export const repository = textLike(
  /^(https?|oci):\/\/\S+$/,
  "expected a chart repository: https://... or oci://...",
);

export const url = textLike(/^https?:\/\/\S+$/, "expected a URL like https://login.example.com");

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
