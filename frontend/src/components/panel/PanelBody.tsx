import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Figure, PanelData } from "~/lib/figure";
import { Empty } from "../Empty";
import { ErrorBox } from "../ErrorBox";
import { Plot } from "../plot/Plot";
import classes from "./Panel.module.css";

interface PanelBodyProps {
  query: UseQueryResult<PanelData>;
  title: string;
  emptyHint: string | undefined;
  onReset: () => void;
  onPointClick: React.ComponentProps<typeof Plot>["onPointClick"];
  decorate: ((figure: Figure) => Figure) | undefined;
}

/** The picture, or why there is none. */
export function PanelBody({ query, title, emptyHint, onReset, onPointClick, decorate }: PanelBodyProps) {
  const figure = query.data?.figure;
  const drawn = useMemo(() => (figure && decorate ? decorate(figure) : figure), [figure, decorate]);

  if (query.error && query.data === undefined) {
    return (
      <div className={classes.state}>
        <ErrorBox title="This picture could not be drawn" error={query.error} onRetry={() => void query.refetch()}>
          <Button variant="subtle" onClick={onReset}>
            Reset its settings
          </Button>
        </ErrorBox>
      </div>
    );
  }
  if (query.data === undefined || drawn === undefined)
    return <Skeleton className={classes.state} height="auto" radius="sm" />;
  if (query.data.meta.empty)
    return (
      <div className={classes.state}>
        <Empty title="Nothing to draw yet">{emptyHint}</Empty>
      </div>
    );
  return (
    <div className={classes.plot} data-stale={query.isPlaceholderData}>
      <Plot figure={drawn} label={title} onPointClick={onPointClick} />
    </div>
  );
}
