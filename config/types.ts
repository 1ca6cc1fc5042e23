import { z } from "zod";

/** The types by which Pulumi.yaml declares keys. */
export type ConfigType = "string" | "integer" | "boolean" | "array" | "object";

const types: Readonly<Partial<Record<z.core.$ZodTypeDef["type"], ConfigType>>> = {
  string: "string",
  enum: "string",
  number: "integer",
  boolean: "boolean",
  array: "array",
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

/** The type that a key of this form is declared by. */
export function configType(form: z.core.$ZodType): ConfigType {
  const { type } = inner(form)._zod.def;
  const declared = types[type];
  if (declared === undefined) throw new Error(`Pulumi.yaml cannot declare a key of form ${type}`);
  return declared;
}
