// Node runs these sources as they are: there is nothing to map back in stack traces, of which Pulumi takes one for
// every promise.
Reflect.deleteProperty(Error, "prepareStackTrace");
