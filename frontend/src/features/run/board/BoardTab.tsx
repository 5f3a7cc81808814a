import "react-grid-layout/css/styles.css";
import { Button, Group, SimpleGrid } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconLink, IconRestore } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import GridLayout, { type Layout, useContainerWidth } from "react-grid-layout";
import { panelListQuery } from "~/api/panels";
import type { RunDetail } from "~/api/types";
import { Copy } from "~/components/Copy";
import { Empty } from "~/components/Empty";
import { useView } from "~/components/useView";
import { ViewsMenu } from "~/components/ViewsMenu";
import { type Asked, panelParams, type Search } from "~/lib/urlParams";
import { AddPicture } from "./AddPicture";
import type { Arrange } from "./ArrangeMenu";
import classes from "./Board.module.css";
import { BoardPicture } from "./BoardPicture";
import {
  added,
  type BoardItem,
  boardSearch,
  COLUMNS,
  decodeBoard,
  defaultsOf,
  duplicated,
  encodeBoard,
  inOrder,
  moved,
  nextId,
  placed,
  removed,
  resized,
  scopeOf,
  toGrid,
} from "./board";

const GRID = { cols: COLUMNS, rowHeight: 40, margin: [12, 12], containerPadding: [0, 0] } as const;
const DRAG = { handle: ".board-grip" } as const;

/** Pictures that the reader chooses and arranges; the URL holds all of it. */
export default function BoardTab({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const items = useMemo(() => decodeBoard(search.board), [search.board]);
  const narrow = useMediaQuery("(max-width: 767px)") ?? false;
  const { width, containerRef, mounted } = useContainerWidth();
  const { data: panels = [] } = useQuery(panelListQuery());
  const titles = new Map(panels.map(({ name, title }) => [name, title]));

  const keep = (next: readonly BoardItem[], more: Record<string, string | undefined> = {}) =>
    change({ board: encodeBoard(next), ...more });
  const arrangeOf = (item: BoardItem): Arrange => ({
    move: (direction) => keep(moved(items, item.id, direction)),
    resize: (size) => keep(resized(items, item.id, size)),
    duplicate: () => keep(duplicated(items, item.id), copiedParams(search, item, nextId(items))),
    remove: () => keep(removed(items, item.id), without(search, item)),
  });
  const add = (name: string) => {
    const next = added(items, name);
    keep(next);
    const testId = `board-p${nextId(items)}`;
    requestAnimationFrame(() =>
      document.querySelector(`[data-testid="${testId}"]`)?.scrollIntoView({ block: "center", behavior: "smooth" }),
    );
  };
  const show = (board: Search) =>
    change(Object.assign({ board: undefined }, ...items.map((item) => without(search, item)), board));
  const settle = (grid: Layout) => {
    const next = placed(items, grid);
    if (encodeBoard(next) !== encodeBoard(items)) keep(next);
  };
  const picture = (item: BoardItem) => (
    <BoardPicture
      item={item}
      run={run}
      narrow={narrow}
      arrange={arrangeOf(item)}
      title={titles.get(item.name) ?? item.name}
    />
  );

  return (
    <div data-testid="board">
      <Group gap={8} mb={12}>
        <AddPicture onAdd={add} />
        <ViewsMenu page="board" noun="board" search={boardSearch(search, items)} onShow={show} />
        {search.board !== undefined && (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconRestore size={14} />}
            onClick={() => show({})}
            data-testid="reset-board"
          >
            Back to the usual board
          </Button>
        )}
        <Copy value={window.location.href} variant="subtle" color="gray" leftSection={<IconLink size={14} />}>
          Copy a link to this board
        </Copy>
      </Group>
      {items.length === 0 && (
        <Empty card title="The board is empty">
          Add a picture; the address of this page keeps it.
        </Empty>
      )}
      {narrow && (
        <SimpleGrid>
          {inOrder(items).map((item) => (
            <div key={item.id}>{picture(item)}</div>
          ))}
        </SimpleGrid>
      )}
      <div ref={containerRef} className={classes.grid}>
        {!narrow && mounted && (
          <GridLayout
            width={width}
            layout={toGrid(items)}
            gridConfig={GRID}
            dragConfig={DRAG}
            onDragStop={settle}
            onResizeStop={settle}
          >
            {items.map((item) => (
              <div key={String(item.id)}>{picture(item)}</div>
            ))}
          </GridLayout>
        )}
      </div>
    </div>
  );
}

/** The copy shows what the original shows, including what the starting board gave it. */
function copiedParams(search: Asked, item: BoardItem, id: number): Search {
  const params = { ...defaultsOf(item), ...panelParams(search, scopeOf(item)) };
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [`p${id}.${name}`, value]));
}

/** Its parameters leave the URL with it. */
function without(search: Asked, item: BoardItem): Record<string, undefined> {
  const scope = scopeOf(item);
  return Object.fromEntries(Object.keys(panelParams(search, scope)).map((name) => [`${scope}.${name}`, undefined]));
}
