import type { Difference } from "~/lib/configPaths";
import type { Section } from "~/lib/configSchema";

/** What a section holds, in a line, and what of it was changed and refused. */
interface SectionState extends Section {
  summary: string;
  changed: string[];
  refused: number;
}

/** What the form's templates know besides the schema and the values; data, since the form takes all functions for equal. */
export interface FormContext {
  sections: readonly SectionState[];
  /** Fields that differ from where the form started, by path. */
  changes: Readonly<Record<string, Difference>>;
  /** Must do the same at every render. */
  putBack: (difference: Difference) => void;
  /** Whether nothing is folded: every setting is in sight. */
  all: boolean;
  /** The fields that are shown, by path; null where all are. */
  only: readonly string[] | null;
  /** What TRL calls a field, by its path. */
  trl: Readonly<Record<string, readonly string[]>>;
  /** What is worth a look at a field and is no mistake, by its path. */
  notices: Readonly<Record<string, string>>;
  /** All values of the form, which gives them itself. */
  values?: unknown;
}
