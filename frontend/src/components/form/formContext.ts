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
  /** Whether all sections start folded. */
  folded: boolean;
  /** Whether nothing is: every setting is in sight. */
  all: boolean;
  /** All values of the form, which gives them itself. */
  values?: unknown;
}
