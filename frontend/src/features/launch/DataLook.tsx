import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { dataQuery } from "~/api/launch";
import type { DataFound, DataIn, RunConfig } from "~/api/types";
import { Problem } from "~/components/ErrorBox";
import classes from "./DataLook.module.css";

const PATIENCE_MS = 400;
const BY_A_WORKER = "A worker looks, too, when it checks what both sides read.";

interface DataLookProps {
  config: RunConfig;
  /** What a worker found in a check of these values. */
  checked: DataFound | null | undefined;
}

/** The data as a worker or else the web server sees them: what was recognised, what is amiss, and the first rows. */
export function DataLook({ config, checked }: DataLookProps) {
  const [asked] = useDebouncedValue(JSON.stringify(questionOf(config)), PATIENCE_MS);
  const { data, error, isPlaceholderData } = useQuery({
    ...dataQuery(JSON.parse(asked) as DataIn),
    retry: false,
    enabled: !checked,
  });
  const found = checked ?? data;
  return (
    <section className={classes.look} aria-label="Data" aria-busy={isPlaceholderData} data-testid="data-look">
      <h2>The data</h2>
      {!checked && error ? (
        <Problem title="The data was not looked at" detail={`${error.message}. ${BY_A_WORKER}`} />
      ) : found ? (
        <Found found={found} />
      ) : (
        <p className="soft">Looking at the first rows.</p>
      )}
    </section>
  );
}

function questionOf({ data, teacher, student, budget }: RunConfig): DataIn {
  if (data === undefined || data.kind === "arithmetic") throw new Error("generated sums are not looked at");
  return {
    data,
    route_by: teacher && "route_by" in teacher ? (teacher.route_by ?? "") : "",
    tokenizer: student?.kind === "folder" ? student.path : "",
    max_prompt_tokens: budget?.max_prompt_tokens ?? null,
  };
}

function Found({ found }: { found: DataFound }) {
  const { rows, complete, problem, where, formats, fields, duplicates, lengths, first, held_out } = found;
  const inRow = /:\d+$/.test(where ?? "");
  const without = fields.filter(({ field, column }) => field === "answer" && column === "")[0]?.rows ?? 0;
  return (
    <>
      {problem && (
        <Problem
          title={inRow ? `Row ${where} is refused` : "The data was not seen here"}
          detail={inRow ? problem : `${problem}. ${BY_A_WORKER}`}
        />
      )}
      {rows > 0 && (
        <>
          <p data-testid="data-rows">
            {complete ? "" : "The first "}
            {rowsOf(rows)}: {formats.map((one) => `${one.rows.toLocaleString("en")} as ${one.name}`).join(", ")}
          </p>
          <ul className="list soft">
            {fields
              .filter(({ column }) => column !== "")
              .map(({ field, column }) => (
                <li key={`${field} ${column}`}>
                  {field} from <code>{column}</code>
                </li>
              ))}
            {without > 0 && <li>{without.toLocaleString("en")} without an answer: not judged</li>}
            {held_out && <HeldOut found={held_out} />}
            {duplicates > 0 && <li>{duplicates.toLocaleString("en")} ask what an earlier row asks</li>}
          </ul>
          {lengths && <Lengths lengths={lengths} />}
          <details>
            <summary>First rows</summary>
            <ol className={classes.rows}>
              {first.map((row) => (
                <li key={row.where}>
                  {row.turns.map((turn, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: turns may repeat; their place is what they are
                    <p key={index}>
                      <b>{turn.role}</b> {turn.content}
                    </p>
                  ))}
                  {row.answer !== null && (
                    <p>
                      <b>answer</b> {row.answer}
                    </p>
                  )}
                  {row.solution !== null && (
                    <p>
                      <b>solution</b> {row.solution}
                    </p>
                  )}
                </li>
              ))}
            </ol>
          </details>
        </>
      )}
    </>
  );
}

function rowsOf(count: number): string {
  return `${count.toLocaleString("en")} row${count === 1 ? "" : "s"}`;
}

function HeldOut({ found }: { found: NonNullable<DataFound["held_out"]> }) {
  const { rows, complete, problem, where, without_answer, shared } = found;
  if (problem) {
    return (
      <li role="alert">
        Held out: {where}: {problem}
      </li>
    );
  }
  const parts = [
    `${complete ? "" : "the first "}${rowsOf(rows)}`,
    without_answer > 0 && `${without_answer.toLocaleString("en")} without an answer`,
    shared > 0 && `${rowsOf(shared)} of the training data with the same prompt left out`,
  ];
  return <li>Held out: {parts.filter(Boolean).join(", ")}</li>;
}

function Lengths({ lengths }: { lengths: NonNullable<DataFound["lengths"]> }) {
  const { unit, as_read, rows, width, counts, longest, limit, beyond } = lengths;
  const most = Math.max(...counts);
  const span = Math.max(counts.length * width, limit ?? 0);
  const how = as_read ? "as the student reads them" : "without template";
  const told = `Lengths of ${rows.toLocaleString("en")} prompts ${how}: at most ${longest.toLocaleString("en")} ${unit}`;
  const left = limit === null ? "" : `, ${beyond} longer than the limit of ${limit.toLocaleString("en")} and left out`;
  return (
    <figure className={classes.lengths}>
      <svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={`${told}${left}`}>
        {counts.map((count, place) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its place
            key={place}
            x={(100 * place * width) / span}
            width={Math.max(0, (100 * width) / span - 0.4)}
            y={30 - (30 * count) / most}
            height={(30 * count) / most}
          />
        ))}
        {limit !== null && <line x1={(100 * limit) / span} x2={(100 * limit) / span} y1={0} y2={30} />}
      </svg>
      <figcaption className="soft">
        {told}
        {left}
      </figcaption>
    </figure>
  );
}
