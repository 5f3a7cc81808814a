import { useMemo } from "react";
import type { RunDetail } from "~/api/types";
import { Panel } from "~/components/panel/Panel";
import { useView } from "~/components/useView";
import { list } from "~/lib/urlParams";
import { CURVE_GROUPS } from "../tabs/curveGroups";
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
  const title = item.name === "scalars" ? curveTitle(search[`${scope}.keys`] ?? defaults?.keys ?? "") || usual : usual;
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
function curveTitle(keys: string): string {
  const wanted = list(keys).join();
  const cards = CURVE_GROUPS.flatMap((group) => group.cards);
  return cards.find((card) => card.keys.join() === wanted)?.title ?? list(keys).join(", ");
}
