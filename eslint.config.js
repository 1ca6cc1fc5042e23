import pulumi from "@pulumi/eslint-plugin";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: [".rehearsal/", "**/dist/", "node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { "@pulumi": pulumi },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      // Numbers read well in messages; everything else must be turned into text on purpose.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // What a caller knows of parsed JSON is said by a type parameter that is only returned.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // The Kubernetes client takes plain objects wherever its types name classes.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // Stop functions and handlers may legitimately have nothing to wait for.
      "@typescript-eslint/require-await": "off",
    },
  },
);
