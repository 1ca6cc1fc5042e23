/**
 * Which folder may import which: what a folder may use stands behind it, and nothing else. Arrows run one way, and
 * type imports count.
 */
const layers = {
  messages: [],
  versions: [],
  schema: ["messages"],
  values: ["versions", "schema"],
  capabilities: ["values", "schema"],
  kubernetes: ["values", "schema", "messages"],
  config: ["kubernetes", "capabilities", "values", "schema", "versions", "messages"],
  build: ["messages"],
  steps: ["kubernetes", "values", "versions"],
  plan: ["steps", "config", "kubernetes", "capabilities", "values", "schema", "versions", "messages"],
  components: [
    "plan",
    "steps",
    "config",
    "kubernetes",
    "capabilities",
    "values",
    "schema",
    "versions",
    "messages",
  ],
  cli: ["plan", "config", "kubernetes", "capabilities", "values", "schema", "versions", "messages"],
  rehearsal: ["build", "config", "kubernetes", "values", "schema", "versions", "messages"],
};

const among = (folders) => `^(${folders.join("|")})/`;

export default {
  forbidden: [
    ...Object.entries(layers).map(([folder, allowed]) => ({
      name: `${folder}-imports`,
      comment: `${folder}/ may import ${allowed.length === 0 ? "no other folder" : `${allowed.join("/, ")}/ only`}.`,
      severity: "error",
      from: { path: `^${folder}/`, pathNot: "^rehearsal/tests/" },
      to: { path: among([...Object.keys(layers), "tests"]), pathNot: among([folder, ...allowed]) },
    })),
    {
      name: "entry-imports",
      comment: "index.ts may import components/, plan/ and config/ only.",
      severity: "error",
      from: { path: "^index\\.ts$" },
      to: { path: "^[a-z]+/", pathNot: among(["components", "plan", "config"]) },
    },
    {
      name: "no-circle-of-files",
      comment:
        "Files that import one another cannot be understood one by one: move what both need into a third.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-circle-of-folders",
      comment: "Folders that import one another are one folder: move what both need into a third.",
      severity: "error",
      scope: "folder",
      from: { pathNot: "^(tests|rehearsal/tests)" },
      to: { circular: true },
    },
  ],
  options: {
    // Also where the packages are a link to those of another checkout.
    exclude: { path: "(^|/)(node_modules|\\.rehearsal|dist)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    skipAnalysisNotInRules: true,
  },
};
