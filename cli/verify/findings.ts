/** What a check found. */
export interface Verdict {
  readonly state: "fine" | "noted" | "wrong";
  /** What there is, or what is wrong and what to do. */
  readonly detail: string;
}

export const fine = (detail: string): Verdict => ({ state: "fine", detail });
/** Not as it should be perhaps, and no reason to fail. */
export const noted = (detail: string): Verdict => ({ state: "noted", detail });
export const wrong = (detail: string): Verdict => ({ state: "wrong", detail });

/** A finding with what it is about. */
export interface Row extends Verdict {
  readonly cluster: string;
  readonly check: string;
}

const marks: Readonly<Record<Verdict["state"], string>> = { fine: "✓", noted: "!", wrong: "✗" };

/** A row of the table for people. */
export const cells = ({ state, cluster, check, detail }: Row): string[] => [
  marks[state],
  cluster,
  check,
  detail,
];
