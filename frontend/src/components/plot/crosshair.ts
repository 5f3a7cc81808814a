/** The line through all pictures of a group at the x that the reader points at. */
import { pointedAt } from "~/lib/linked";

interface Axis {
  _offset: number;
  _length: number;
  c2p: (value: number) => number;
}

type Drawn = HTMLElement & {
  _fullLayout?: { xaxis?: Axis; yaxis?: Axis };
};

/** Puts the line where the group is pointed at; hides it while that is nowhere, or out of view. */
export function place(line: HTMLElement, plot: Drawn, group: string | undefined) {
  const pointed = pointedAt.get();
  const { xaxis, yaxis } = plot._fullLayout ?? {};
  const x = pointed !== null && pointed.group === group && xaxis ? xaxis.c2p(pointed.x) : Number.NaN;
  const shown = xaxis !== undefined && yaxis !== undefined && x >= 0 && x <= xaxis._length;
  line.hidden = !shown;
  if (!shown) return;
  line.dataset.x = String(pointed?.x);
  line.style.transform = `translateX(${xaxis._offset + x}px)`;
  line.style.top = `${yaxis._offset}px`;
  line.style.height = `${yaxis._length}px`;
}
