/** A stack of the project as it is rehearsed: its own configuration, state and secrets, none of the user's. */
export interface Stack {
  readonly name: string;
  /** The configuration that takes the place of the user's stack file. */
  readonly configFile: string;
  /** Environment in which the Pulumi CLI sees this stack and nothing of the user's. */
  readonly env: NodeJS.ProcessEnv;
}
