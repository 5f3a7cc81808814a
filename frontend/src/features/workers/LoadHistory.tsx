import type { WorkerLoad } from "~/api/types";
import { Sparkline } from "~/components/Sparkline";
import { duration } from "~/lib/format";
import classes from "./WorkersPage.module.css";

/** CPU and GPUs over the last minutes. */
export function LoadHistory({ load }: { load: WorkerLoad }) {
  const history = load.history ?? [];
  const first = history[0];
  const last = history.at(-1);
  if (first === undefined || last === undefined || history.length < 3) return null;
  const curves = [
    { name: "CPU", values: history.map((point) => point.cpu) },
    ...(load.gpus ?? []).map(({ index }) => ({
      name: `GPU ${index}`,
      values: history.map((point) => point.gpus?.[index] ?? null),
    })),
  ];
  return (
    <div className={classes.histories}>
      <span className="soft">the last {duration(Math.round(last.at - first.at))}</span>
      {curves.map(({ name, values }) => (
        <div key={name} className={classes.history}>
          <span className="soft">{name}</span>
          <Sparkline
            line={{ steps: history.map((point) => Math.round(point.at - first.at)), values }}
            color="var(--mantine-color-accent-filled)"
            label={`${name} load`}
            range={[0, 1]}
            height={28}
          />
        </div>
      ))}
    </div>
  );
}
