/**
 * Environment variable with a step's time-out: as a part of the spec, it would be a reason to run the step again. Here by
 * itself, for the program needs the name, and nothing of what steps load.
 */
export const timeoutVariable = "MESHLAB_TIMEOUT_SECONDS";
