/** Forms in which keys and tokens could show in messages of programs that the driver repeats. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, "[secret]"],
  [
    /\b((?:client-key-data|token|password|passphrase|licenseKey|oidcClientSecret|auth)["']?\s*[:=]\s*)["']?[^\s"',}]{12,}["']?/gi,
    "$1[secret]",
  ],
  [/\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g, "[secret]"],
  // PEM once more in base64, as kubeconfigs and Secrets have it.
  [/LS0tLS1CRUdJTi[\w+/=]*/g, "[secret]"],
];

/** The text without what looks like a key or a token. Pulumi blinds what it knows to be secret; this is for the rest. */
export const redact = (text: string): string =>
  secrets.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);

/** A URL without the name and the password that it may have. */
export const withoutCredentials = (url: string): string => url.replace(/^(\w+:\/\/)[^/@]*@/, "$1");
