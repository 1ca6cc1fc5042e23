import "@pulumi/pulumi";

// Node runs these sources as they are: there is nothing to map back in stack traces, of which Pulumi takes one for
// every promise.
Reflect.deleteProperty(Error, "prepareStackTrace");

// As many lines as Node gives one: TypeScript's compiler, which Pulumi loads, asks for a hundred.
Error.stackTraceLimit = 10;
