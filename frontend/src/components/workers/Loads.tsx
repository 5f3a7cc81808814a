import type { WorkerLoad } from "~/api/types";
import { Bar } from "~/components/RunBits";
import { bytes, percent } from "~/lib/format";
import classes from "./Workers.module.css";

/** How busy the worker's machine is. */
export function Loads({ load }: { load: WorkerLoad }) {
  return (
    <div className={classes.loads}>
      {load.cpu != null && <Load name="CPU" share={load.cpu} text={percent(load.cpu, 0)} />}
      {load.memory_used != null && load.memory_total != null && (
        <Load
          name="Memory"
          share={load.memory_used / load.memory_total}
          text={`${bytes(load.memory_used)} of ${bytes(load.memory_total)}`}
        />
      )}
      {load.gpus?.map((gpu) => (
        <div key={gpu.index} className={classes.gpu}>
          <div className={classes.gpuName}>
            <span>
              GPU {gpu.index} <span className="soft">{gpu.name}</span>
            </span>
            {gpu.temperature != null && <span className="soft">{gpu.temperature} °C</span>}
          </div>
          {gpu.utilisation != null && (
            <Load name="Compute" share={gpu.utilisation} text={percent(gpu.utilisation, 0)} />
          )}
          {gpu.memory_used != null && gpu.memory_total != null && (
            <Load
              name="Memory"
              share={gpu.memory_used / gpu.memory_total}
              text={`${bytes(gpu.memory_used)} of ${bytes(gpu.memory_total)}`}
            />
          )}
        </div>
      ))}
    </div>
  );
}

function Load({ name, share, text }: { name: string; share: number; text: string }) {
  return (
    <div className={classes.load}>
      <span className="soft">{name}</span>
      <Bar share={share} tone={share > 0.95 && "warn"} />
      <span className="figures">{text}</span>
    </div>
  );
}
