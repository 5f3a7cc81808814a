import type { Difference } from "~/lib/configPaths";
import type { Section } from "~/lib/configSchema";

/** What the form's templates know besides the schema and the values. */
export interface LaunchFormContext {
  sections: readonly Section[];
  /** Fields that differ from where the form started, by path. */
  changes: ReadonlyMap<string, Difference>;
  putBack: (difference: Difference) => void;
  /** Present values of a section in a line. */
  inShort: (section: Section) => string;
  /** How many values of a section were refused. */
  refused: (section: Section) => number;
  /** Whether sections start folded. */
  folded: boolean;
}
