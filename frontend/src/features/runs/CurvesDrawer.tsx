import { CloseButton, Loader, MultiSelect } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { panelListQuery } from "~/api/panels";
import { drawnRunsQuery } from "~/api/runs";
import type { RunField } from "~/api/types";
import { Empty } from "~/components/Empty";
import { Panel } from "~/components/panel/Panel";
import { SharedControls } from "~/components/panel/SharedControls";
import { Unread } from "~/components/Unread";
import { list } from "~/lib/urlParams";
import classes from "./CurvesDrawer.module.css";
import type { RunsView } from "./useRunsView";
import type { Sections } from "./useSections";
import type { Selection } from "./useSelection";

const MOST_DRAWN = 50; // as many as the panel takes
const UNASKED = 8;
const MOST_MEASURES = 6;
const UPDATE_NORM = "update_norm";

interface CurvesDrawerProps {
  view: RunsView;
  fields: readonly RunField[];
  sections: Sections;
  selection: Selection;
}

/** The selected runs' curves over each other, beside the table; without a selection those of its first rows. */
export default function CurvesDrawer({ view, fields, sections, selection }: CurvesDrawerProps) {
  const { question, total } = sections;
  const ids = [...selection.ids];
  const chosen = ids.length > 0;
  const wanted = {
    query: chosen ? `id in (${ids.slice(0, MOST_DRAWN).join(", ")})` : question.query,
    sort: question.sort,
    first: question.first,
    limit: chosen || selection.all ? MOST_DRAWN : UNASKED,
  };
  const query = useQuery({ ...drawnRunsQuery(wanted), placeholderData: keepPreviousData });
  useQuery(panelListQuery()); // which the pictures need, together with the runs
  const { hidden } = view.marked;
  const found = query.data?.runs;
  const runs = useMemo(() => found?.filter(({ id }) => !hidden.has(id)) ?? [], [found, hidden]);
  const titles = new Map(fields.filter(({ source }) => source === "measure").map(({ key, title }) => [key, title]));
  const measures = list(view.curves);
  const known = [...new Set([...measures, ...runs.flatMap(({ latest }) => Object.keys(latest)), UPDATE_NORM])].sort();

  const many = selection.all ? total : ids.length;
  const left = (found?.length ?? 0) - runs.length;
  const told = [
    !chosen && !selection.all && `No run is selected: the first ${runs.length} of the table`,
    many > MOST_DRAWN && `The first ${MOST_DRAWN} of ${many} selected runs`,
    left > 0 && `${left} hidden run${left === 1 ? "" : "s"} left out`,
  ].filter((part) => part !== false);

  return (
    <section className={classes.drawer} aria-label="Curves of the selected runs" data-testid="curves-drawer">
      <h2 className="visually-hidden">Curves</h2>
      <div className={classes.head}>
        <MultiSelect
          className={classes.measures}
          aria-label="Measures"
          data={known.map((key) => ({ value: key, label: titles.get(key) ?? key }))}
          value={measures}
          onChange={(keys) => keys.length > 0 && view.change({ curves: keys.join(",") })}
          maxValues={MOST_MEASURES}
          searchable
          openOnFocus={false}
          data-testid="curves-measures"
        />
        {query.isFetching && <Loader size="xs" aria-label="Reading the runs" />}
        <CloseButton aria-label="Close the curves" onClick={() => view.change({ curves: undefined })} />
      </div>
      <div className={classes.controls}>
        <SharedControls panel="scalars" scope="curves" names={["x", "log", "smoothing"]} />
      </div>
      {found === undefined && <Unread what="the runs" query={query} />}
      {found !== undefined && runs.length === 0 && (
        <Empty title="No run to draw">Select runs in the table, or show hidden ones by their menu.</Empty>
      )}
      {runs.length > 0 &&
        measures.map((key) => (
          <Panel
            key={key}
            name="scalars"
            scope="curves"
            title={titles.get(key) ?? key}
            runs={runs}
            fixed={{ keys: key }}
            primary={null}
            height={measures.length === 1 ? "var(--one-curve)" : "var(--curve)"}
            testId={`panel-scalars-${key.replace("/", "-")}`}
            emptyHint="None of these runs has recorded this yet."
          />
        ))}
      {told.length > 0 && <p className={classes.told}>{told.join("; ")}.</p>}
    </section>
  );
}
