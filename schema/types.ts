import { z } from "zod";

/** How Pulumi passes the value of a key: text as it is, and all else as JSON. */
export type ConfigType = "text" | "scalar" | "list" | "object";

const types: Readonly<Partial<Record<z.core.$ZodTypeDef["type"], ConfigType>>> = {
  string: "text",
  enum: "text",
  number: "scalar",
  boolean: "scalar",
  array: "list",
  object: "object",
  record: "object",
};

/** The form inside of whatever makes it optional, or prepares a value for it. */
export function inner(form: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    form instanceof z.ZodOptional || form instanceof z.ZodDefault || form instanceof z.ZodPrefault;
  if (isWrapped) return inner(form.def.innerType);
  return form instanceof z.ZodPipe ? inner(form.def.out) : form;
}

/** The type of a key of this form. */
export function configType(form: z.core.$ZodType): ConfigType {
  const { type } = inner(form)._zod.def;
  const declared = types[type];
  if (declared === undefined) throw new Error(`the configuration cannot have a key of form ${type}`);
  return declared;
}
