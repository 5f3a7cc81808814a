import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { curvesQuery } from "~/api/runs";
import type { CurveGroup, RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import { type Arrange, ArrangeMenu } from "./ArrangeMenu";
import { type BoardItem, defaultsOf, scopeOf } from "./board";

interface BoardPictureProps {
  item: BoardItem;
  run: RunDetail;
  arrange: Arrange;
  narrow: boolean;
  title: string;
}

/** One picture of the board, with parameters of its own. */
export function BoardPicture({ item, run, arrange, narrow, title: usual }: BoardPictureProps) {
  const [search] = useView();
  const runs = useMemo(() => [run], [run]);
  const scope = scopeOf(item);
  const defaults = defaultsOf(item);
  const drawsScalars = item.name === "scalars";
  const { data: curves } = useQuery({ ...curvesQuery(run), enabled: drawsScalars });
  const keys = list(search[`${scope}.keys`] ?? defaults?.keys);
  const title = (drawsScalars && curveTitle(keys, curves?.groups)) || usual;
  return (
    <Panel
      name={item.name}
      runs={runs}
      scope={scope}
      defaults={defaults}
      title={title}
      fill={!narrow}
      height={item.h * 40}
      testId={`board-${scope}`}
      aside={<ArrangeMenu item={item} title={title} narrow={narrow} {...arrange} />}
    />
  );
}

/** What the curves are called on the page of curves, else their own names. */
function curveTitle(keys: readonly string[], groups: readonly CurveGroup[] = []): string {
  const card = groups.flatMap(({ cards }) => cards).find((one) => one.keys.join() === keys.join());
  return card?.title ?? keys.join(", ");
}
