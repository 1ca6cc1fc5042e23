import type { VersionSetName } from "../versions/versions.ts";
import { article } from "./article/values.ts";
import { current } from "./current/values.ts";
import type { SetValues } from "./set-values.ts";

const sets: Readonly<Record<VersionSetName, SetValues>> = { current, article };

/** What the charts of a set of versions are told. */
export const valuesOf = (set: VersionSetName): SetValues => sets[set];
