/** The keys that each page reads from its address. All values are text; one that makes no sense is taken for absent where it is read. */

type Keys<K extends string> = { [key in K]?: string };
/** Of pictures, by scope: `curves.x`, `module_allocation.step`. */
type Settings = { [setting: `${string}.${string}`]: string | undefined };

type Pictures = Keys<"module" | "expand" | "table" | "pin"> & Settings;
type Samples = Keys<"sample" | "samples" | "color" | "only" | "with" | "steps" | "prompt" | "responses">;
type OfRun = Keys<
  | "tab"
  | "notes"
  | "trigger"
  | "curve"
  | "board"
  | "analyse"
  | "export"
  | "factor"
  | "decision"
  | "audit"
  | "command"
  | "format"
>;
type Talk = Keys<"voices" | "ask" | "held" | "against" | "shown">;
type Logs = Keys<"level" | "attempt" | "find" | "follow">;

const text =
  <T>() =>
  (search: Record<string, unknown>) =>
    search as T; // parseSearch makes nothing but text

export const runsSearch = text<
  Pictures & Keys<"q" | "state" | "sort" | "group" | "cols" | "widths" | "pinned" | "hidden" | "selected" | "curves">
>();
export const runSearch = text<Pictures & Samples & Talk & Logs & OfRun>();
export const compareSearch = text<
  Pictures & Samples & Keys<"runs" | "groups" | "reference" | "other" | "curve" | "metric" | "share" | "key" | "same">
>();
export const launchSearch =
  text<Keys<"preset" | "clone" | "fork" | "step" | "factor" | "field" | "view" | "all" | "find" | "changed">>();
export const analyseSearch = text<Keys<"folder">>();
export const alertsSearch = text<Keys<"section" | "kind" | "severity" | "unseen" | "holding">>();
