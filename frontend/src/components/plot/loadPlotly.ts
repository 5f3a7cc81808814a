type Plotly = typeof import("plotly.js-cartesian-dist-min")["default"];

let loading: Promise<Plotly> | undefined;
let queue: Promise<unknown> = Promise.resolve();

/** plotly.js comes with the first page that has pictures, not with the app. */
export function loadPlotly(): Promise<Plotly> {
  loading ??= import("plotly.js-cartesian-dist-min").then((module) => module.default);
  return loading;
}

/** What is drawn within one frame; a first drawing takes longer alone. */
const FRAME_MS = 24;
let begun = 0;

/** Draws pictures one after the other; what is drawn is on the screen before more than a frame's worth follows: the first is seen at once. */
export function inTurn<T>(draw: (plotly: Plotly) => Promise<T>): Promise<T> {
  const drawn = queue.then(async () => draw(await loadPlotly()));
  queue = drawn.then(rest, rest);
  return drawn;
}

async function rest(): Promise<void> {
  const now = performance.now();
  if (now - begun < FRAME_MS) return;
  await nextFrame();
  begun = performance.now();
}

/** Once every picture that was asked for by now, or meanwhile, has been drawn. */
export async function allDrawn(): Promise<void> {
  for (let last: typeof queue | undefined; last !== queue; ) {
    last = queue;
    await last;
  }
}

/** After the frame that shows what was just drawn; a page in the background has no frames to wait for. */
function nextFrame(): Promise<void> {
  if (document.hidden) return Promise.resolve();
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
