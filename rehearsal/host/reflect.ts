// @peculiar/x509 keeps its algorithms in a container that insists on these two functions,
// although nothing in it needs metadata: answering "none" is all it asks for.
if (!("getMetadata" in Reflect)) {
  Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
}
