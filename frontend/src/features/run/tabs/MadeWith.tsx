import { useQuery } from "@tanstack/react-query";
import { historyQuery } from "~/api/runs";
import type { Provenance, RunDetail } from "~/api/types";
import { Table } from "~/components/Table";
import { Unread } from "~/components/Unread";
import classes from "./Logs.module.css";

const SHOWN = 12;

/** Versions of software, weights and data files; a column per attempt that had others. */
export function MadeWith({ run }: { run: RunDetail }) {
  const query = useQuery(historyQuery(run.id));
  if (!query.data) return <Unread what="the versions" query={query} />;
  const told = query.data.provenance;
  if (told.length === 0)
    return (
      <p className="soft" data-testid="made-with">
        {run.state === "queued" || run.state === "starting"
          ? "Versions of software, weights and data are noted when the run has loaded them."
          : "Nobody told which versions of software, weights and data this run was made with."}
      </p>
    );
  const rows = [...new Set(told.flatMap((one) => facts(one).map(([path]) => path)))];
  const columns = told.map((one) => {
    const known = new Map(facts(one));
    return {
      head: told.length === 1 ? "which" : `from step ${one.from_step}`,
      className: "mono",
      cell: (path: string) => <Fingerprint text={known.get(path) ?? "–"} />,
    };
  });
  return (
    <Table
      label="What the run was made with"
      className={`card ${classes.madeWith}`}
      role="region"
      aria-label="Versions, weights and data"
      data-testid="made-with"
      tabIndex={0}
      columns={[{ head: "Made with", cell: (path: string) => path.slice(path.indexOf(" ") + 1) }, ...columns]}
      rows={rows}
      keyOf={(path) => path}
    />
  );
}

const facts = ({ software, models, files }: Provenance): [string, string][] =>
  Object.entries({ software, models, files }).flatMap(([part, texts]) =>
    Object.entries(texts).map(([name, text]): [string, string] => [`${part} ${name}`, text]),
  );

/** A long digest by its beginning; the rest is there to be read and copied. */
function Fingerprint({ text }: { text: string }) {
  const [, kind, digest] = /^(sha256|commit) ([0-9a-f]{16,})$/.exec(text) ?? [];
  if (digest === undefined) return text;
  return (
    <span title={text}>
      {kind} {digest.slice(0, SHOWN)}
    </span>
  );
}
