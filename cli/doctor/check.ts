import { explain } from "../../kubernetes/connection/unreached.ts";
import { Failure } from "../../messages/failure.ts";
import { within } from "../clusters/within.ts";

/** `fine`; `doubtful`: it may go wrong, or could not be found out; `wrong`: `pulumi up` would fail. */
export type Level = "fine" | "doubtful" | "wrong";

/** What a check found. */
export interface Finding {
  readonly level: Level;
  /** What there is; never a secret. */
  readonly found: string;
  /** What to do. */
  readonly advice?: string;
  /** More for programs. */
  readonly details?: unknown;
}

export const fine = (found: string, details?: unknown): Finding => ({
  level: "fine",
  found,
  ...(details === undefined ? {} : { details }),
});
export const doubtful = (found: string, advice: string): Finding => ({ level: "doubtful", found, advice });
export const wrong = (found: string, advice: string): Finding => ({ level: "wrong", found, advice });

/** Something else is missing, of which a check of its own tells. */
export class Unmet extends Error {
  constructor(what: string) {
    super(`needs ${what}`);
  }
}

/** Something that checks find out together: it is asked for once, and one check alone tells where it is not to be had. */
export class Fact<T> {
  readonly #what: string;
  readonly #find: () => Promise<T>;
  #found: Promise<T> | undefined;

  /**
   * @param what what it is, in words that go on from "needs"
   * @param seconds how long finding it may take
   */
  constructor(what: string, seconds: number, find: () => Promise<T>) {
    this.#what = what;
    this.#find = () => within(find(), { seconds, from: what });
  }

  /** For the check that tells of it; rejects with the reason. */
  get(): Promise<T> {
    this.#found ??= this.#find();
    return this.#found;
  }

  /** For a check that needs it; rejects with `Unmet`. */
  async needed(): Promise<T> {
    try {
      return await this.get();
    } catch (error) {
      throw error instanceof Unmet ? error : new Unmet(this.#what);
    }
  }
}

/** A check by its name. */
export interface Check<Facts> {
  readonly name: string;
  readonly look: (facts: Facts) => Promise<Finding | readonly Finding[]>;
}

/** A finding, and the check that it is of. */
export interface Told extends Finding {
  readonly check: string;
}

/** A check is to take no longer, so that one that hangs hides nothing of the others. */
const checkSeconds = 90;

/** Does all checks side by side, and gives their findings in the order of the checks. */
export async function findings<Facts>(checks: readonly Check<Facts>[], facts: Facts): Promise<Told[]> {
  const all = checks.map(async ({ name, look }) => {
    try {
      const found = await within(look(facts), { seconds: checkSeconds, from: name });
      return [found].flat().map((finding): Told => ({ check: name, ...finding }));
    } catch (error) {
      return [{ check: name, ...unanswered(error) }];
    }
  });
  return (await Promise.all(all)).flat();
}

function unanswered(error: unknown): Finding {
  if (error instanceof Unmet) return { level: "doubtful", found: `not checked, it ${error.message}` };
  const reason = error instanceof Failure ? error.message : explain(error);
  return { level: "doubtful", found: `not found out: ${reason}` };
}
