import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { lazy, type RefObject, Suspense, useMemo } from "react";
import type { TableRequest } from "~/api/panels";
import type { Figure, PanelData } from "~/lib/figure";
import { Empty } from "../Empty";
import { ErrorBox } from "../ErrorBox";
import { Loading } from "../Loading";
import { Plot } from "../plot/Plot";
import type { PlotMemory } from "../plot/plotMemory";
import classes from "./Panel.module.css";

const FigureTable = lazy(() => import("./FigureTable"));

interface PanelBodyProps {
  query: UseQueryResult<PanelData>;
  title: string;
  emptyHint: string | undefined;
  /** Nothing more will come. */
  ended: boolean;
  /** Another run could not be read. */
  problem: unknown;
  /** Far away pictures are not drawn. */
  drawn: boolean;
  asTable: boolean;
  table: TableRequest;
  onDownload: () => void;
  /** What is shown may have been overtaken. */
  stale: boolean;
  decorate: (figure: Figure) => Figure;
  onReset: () => void;
  onPointClick: React.ComponentProps<typeof Plot>["onPointClick"];
  onZoom: React.ComponentProps<typeof Plot>["onZoom"];
  group: string | undefined;
  memory: RefObject<PlotMemory | null>;
}

/** The picture or its table, or why there is none. */
export function PanelBody({ query, decorate, ...props }: PanelBodyProps) {
  const figure = query.data?.figure;
  const shown = useMemo(() => (figure === undefined ? undefined : decorate(figure)), [figure, decorate]);
  const error = props.problem ?? (query.data === undefined ? query.error : null);

  if (error !== null) {
    return (
      <div className={classes.state}>
        <ErrorBox title="This picture could not be drawn" error={error} onRetry={() => void query.refetch()}>
          <Button variant="subtle" onClick={props.onReset}>
            Reset its settings
          </Button>
        </ErrorBox>
      </div>
    );
  }
  if (query.data === undefined || shown === undefined)
    return <Skeleton className={classes.state} height="auto" radius="sm" data-testid="panel-loading" />;
  if (query.data.meta.empty)
    return (
      <div className={classes.state}>
        {props.ended ? (
          <Empty title="Nothing was recorded for this">{query.data.meta.note}</Empty>
        ) : (
          <Empty title="Nothing to draw yet">{props.emptyHint ?? query.data.meta.note}</Empty>
        )}
      </div>
    );
  if (props.asTable)
    return (
      <div className={classes.plot} data-stale={props.stale}>
        <Suspense fallback={<Loading label="Making the table" />}>
          <FigureTable
            request={props.table}
            cursor={Object.values(query.data.cursors).join()}
            title={props.title}
            onDownload={props.onDownload}
          />
        </Suspense>
      </div>
    );
  if (!props.drawn) return <div />;
  return (
    <div className={classes.plot} data-stale={props.stale}>
      <Plot
        figure={shown}
        label={props.title}
        onPointClick={props.onPointClick}
        onZoom={props.onZoom}
        group={props.group}
        memory={props.memory}
      />
    </div>
  );
}
