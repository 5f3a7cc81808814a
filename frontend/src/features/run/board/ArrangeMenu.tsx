import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowLeft,
  IconArrowRight,
  IconArrowUp,
  IconCopy,
  IconGripVertical,
  IconX,
} from "@tabler/icons-react";
import { useState } from "react";
import classes from "./Board.module.css";
import { type BoardItem, type Direction, SIZES } from "./board";

export interface Arrange {
  move: (direction: Direction) => void;
  resize: (size: { w: number; h: number }) => void;
  duplicate: () => void;
  remove: () => void;
}

interface ArrangeMenuProps extends Arrange {
  item: BoardItem;
  title: string;
  /** On one column there is no left and right. */
  narrow: boolean;
}

const MOVES = [
  { direction: "up", label: "Move up", Icon: IconArrowUp },
  { direction: "down", label: "Move down", Icon: IconArrowDown },
  { direction: "left", label: "Move left", Icon: IconArrowLeft },
  { direction: "right", label: "Move right", Icon: IconArrowRight },
] as const;

const KEYS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
const GROWTH = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] } as const;

/** The grip of a picture: dragged it moves, pressed it opens a menu, and the arrow keys move or, with Shift, resize. */
export function ArrangeMenu({ item, title, narrow, move, resize, duplicate, remove }: ArrangeMenuProps) {
  const [open, setOpen] = useState(false);
  const keys = (event: React.KeyboardEvent) => {
    const direction = KEYS[event.key];
    if (direction === undefined || open) return;
    event.preventDefault();
    event.stopPropagation();
    const [w, h] = GROWTH[direction];
    if (event.shiftKey) resize({ w: item.w + w, h: item.h + h });
    else move(direction);
  };
  return (
    // At once, without fading: what it hangs on moves in the same moment.
    <Menu opened={open} onChange={setOpen} transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <ActionIcon
          className={`board-grip ${classes.grip}`}
          aria-label={`Arrange: ${title}`}
          title="Drag to move; arrow keys move, Shift and arrow keys resize"
          onKeyDownCapture={keys}
          data-testid="arrange"
        >
          <IconGripVertical size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {MOVES.filter(({ direction }) => !narrow || direction === "up" || direction === "down").map(
          ({ direction, label, Icon }) => (
            <Menu.Item
              key={direction}
              leftSection={<Icon size={15} />}
              closeMenuOnClick={false}
              onClick={() => move(direction)}
            >
              {label}
            </Menu.Item>
          ),
        )}
        <Menu.Divider />
        {Object.entries(SIZES).map(([name, { label, ...size }]) => (
          <Menu.Item key={name} onClick={() => resize(size)} data-testid={`size-${name}`}>
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconCopy size={15} />} onClick={duplicate} data-testid="duplicate">
          Duplicate
        </Menu.Item>
        <Menu.Item leftSection={<IconX size={15} />} onClick={remove} data-testid="remove">
          Take off the board
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
