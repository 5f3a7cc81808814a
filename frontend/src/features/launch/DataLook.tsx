import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { dataQuery } from "~/api/launch";
import type { DataIn, DataPreview, RunConfig } from "~/api/types";
import { Problem } from "~/components/ErrorBox";
import classes from "./DataLook.module.css";

const PATIENCE_MS = 400;

/** The configured files as the web server sees them: what was recognised, what is amiss, and the first rows. */
export function DataLook({ config }: { config: RunConfig }) {
  const [asked] = useDebouncedValue(JSON.stringify(questionOf(config)), PATIENCE_MS);
  const { data, error, isPlaceholderData } = useQuery({ ...dataQuery(JSON.parse(asked) as DataIn), retry: false });
  return (
    <section className={classes.look} aria-label="Data" aria-busy={isPlaceholderData} data-testid="data-look">
      <h2>The data</h2>
      {error ? <Problem title="The data was not looked at" detail={error.message} /> : data && <Found found={data} />}
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

function Found({ found }: { found: DataPreview }) {
  const { rows, complete, problem, where, formats, fields, duplicates, lengths, first } = found;
  const inRow = /:\d+$/.test(where ?? "");
  const without = fields.filter(({ field, column }) => field === "answer" && column === "")[0]?.rows ?? 0;
  return (
    <>
      {problem && (
        <Problem
          title={inRow ? `Row ${where} is refused` : "The data was not seen here"}
          detail={inRow ? problem : `${problem}. The worker may see other files.`}
        />
      )}
      {rows > 0 && (
        <>
          <p data-testid="data-rows">
            {complete ? "" : "The first "}
            {rows.toLocaleString("en")} rows:{" "}
            {formats.map((one) => `${one.rows.toLocaleString("en")} as ${one.name}`).join(", ")}
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

function Lengths({ lengths }: { lengths: NonNullable<DataPreview["lengths"]> }) {
  const { unit, rows, width, counts, longest, limit, beyond } = lengths;
  const most = Math.max(...counts);
  const span = Math.max(counts.length * width, limit ?? 0);
  const told = `Lengths of ${rows.toLocaleString("en")} prompts without template: at most ${longest.toLocaleString("en")} ${unit}`;
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
