/** What a verb's process ends with. */
export const exitCodes = {
  /** All is well. */
  fine: 0,
  /** Something is not as it should be, and the output says what. */
  faulty: 1,
  /** The verb was called in a way that it does not know. */
  usage: 2,
  /** It cannot be told here: no container runs on simulated nodes, or something else gives the answers. */
  open: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Why a verb cannot go on: what is wrong and what to do, in the user's words. */
export class Failure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.faulty) {
    super(message);
    this.exitCode = exitCode;
  }
}
