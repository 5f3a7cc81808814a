/** What the speed-up meter says about how it was measured, and about learning rates. */
import type { Entry, Speedup, SpeedupRow } from "~/api/types";
import { count, number, percent } from "~/lib/format";

export function howMeasured({ rows, slack }: Speedup): string {
  const sentences = [
    `Evaluations as running medians of three; the target counts as reached where they cross it, if no more than ${percent(slack)} of the way is lost again later.`,
  ];
  if (rows.some(({ members }) => members > 1)) {
    sentences.push(
      "Costs of a group are medians over its runs; a run that never gets there counts as infinitely dear.",
    );
  }
  const ratios = rows.flatMap(({ ratios: { steps, seconds } }) => [steps, seconds]);
  const drawn = ratios.filter((ratio) => ratio !== null && ratio.low !== null);
  if (drawn.length > 0) {
    const paired = drawn.filter((ratio) => ratio?.paired).length;
    const how = paired === drawn.length ? "paired by seed" : paired === 0 ? "unpaired" : "paired where seeds agree";
    sentences.push(
      `In brackets: 95 % interval over seeds (Student's, of log costs), ${how}, target held fixed; none where a member never got there.`,
    );
  }
  return sentences.join(" ");
}

const UNEQUAL: Record<SpeedupRow["differs"][number], (row: SpeedupRow) => string> = {
  cadence: (row) => `is evaluated at another cadence: compared at every ${count(row.spacing)} steps`,
  batch: () => "has another batch size, so a step is not the same step",
  held_out: () => "has a held-out set of another size",
  temperature: () => "samples and is measured at another temperature",
  going: () => "has not ended: its numbers may change",
  failed: () => "failed: its numbers are those until then",
  not_evaluated: () => "has not been evaluated often enough yet, so nothing is compared",
  never_evaluated: () => "ended before it was evaluated often enough, so nothing is compared",
};

const SETTING: Record<SpeedupRow["untold"][number], string> = {
  batch: "batch size",
  held_out: "held-out size",
  temperature: "temperature",
};

/** Whether any member has the evaluations that a comparison takes. */
export function evaluated({ evaluated }: SpeedupRow): boolean {
  return evaluated > 0;
}

/** What keeps the rows from being like with like. */
export function unequalNotes({ rows, fell_back, reference }: Speedup, entries: readonly Entry[]): string[] {
  const name = (key: string) => entries.find((entry) => entry.key === key)?.name ?? key;
  const notes = rows.flatMap((row) => [
    ...row.differs.map((what) => `${name(row.key)} ${UNEQUAL[what](row)}.`),
    ...missingMembers(row).map((sentence) => `${name(row.key)}: ${sentence}.`),
    ...(row.untold.length > 0
      ? [
          `${name(row.key)}: whether ${listed(row.untold)} ${row.untold.length > 1 ? "are those" : "is that"} of ${name(reference)} is not known.`,
        ]
      : []),
  ]);
  if (fell_back) {
    notes.unshift(
      `${name(reference)} ended worse than it had been before, so the target is easier than what it had reached.`,
    );
  }
  return notes;
}

/** Members of a group that count as never getting there because nobody has looked. */
function missingMembers({ members, evaluated }: SpeedupRow): string[] {
  if (evaluated === 0 || evaluated === members) return [];
  return [`${members - evaluated} of ${members} runs have too few evaluations and count as infinitely dear`];
}

function listed(settings: SpeedupRow["untold"]): string {
  const words = settings.map((setting) => SETTING[setting]);
  const last = words.pop() ?? "";
  return words.length > 0 ? `${words.join(", ")} and ${last}` : last;
}

/** A speed-up over a badly chosen rate is no speed-up: every one says which rate it is against. */
export function rateNotes({ rows, reference, best, target }: Speedup, entries: readonly Entry[]): string[] {
  const own = rows.find(({ key }) => key === reference);
  if (target === null || own === undefined) return [];
  const name = (key: string) => entries.find((entry) => entry.key === key)?.name ?? key;
  const method = own.method_name;
  const notes: string[] = [];
  const compared = rows.filter((row) => row.key !== reference && evaluated(row));
  const others = compared.filter(({ same_rate }) => same_rate === false);
  const unknown = compared.filter(({ same_rate }) => same_rate === null);
  if (others.length > 0) {
    const list = others.map((row) => `${name(row.key)} (${rates(row)})`).join(", ");
    notes.push(`Not at the learning rate of ${name(reference)} (${rates(own)}): ${list}.`);
  }
  if (unknown.length > 0) {
    const list = unknown.map((row) => `${name(row.key)} (${rates(row)})`).join(", ");
    notes.push(`Not known whether at the learning rate of ${name(reference)} (${rates(own)}): ${list}.`);
  } else if (others.length === 0 && compared.length > 0) {
    notes.push(`All at the same learning rate, ${rates(own)}.`);
  }
  if (best === null) {
    notes.push(
      `No other learning rate of ${method} is shown, so these speed-ups hold at this rate only; add a grid of its rates to see them against its best one.`,
    );
  } else {
    const row = rows.find(({ key }) => key === best);
    const at = row ? ` (${rates(row)})` : "";
    notes.push(
      best === reference
        ? `${name(best)}${at} is the best rate of ${method} among those shown.`
        : `The best rate of ${method} among those shown is that of ${name(best)}${at}: the last columns are against it.`,
    );
  }
  return notes;
}

function rates({ learning_rates }: SpeedupRow): string {
  return learning_rates.map((rate) => number(rate)).join(", ") || "unknown rate";
}
