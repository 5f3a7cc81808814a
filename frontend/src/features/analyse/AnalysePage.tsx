import { useState } from "react";
import classes from "./AnalysePage.module.css";
import { FolderBrowser } from "./FolderBrowser";
import { RecentJobs } from "./RecentJobs";
import { SeriesForm } from "./SeriesForm";
import { withPlace } from "./series";

/** A checkpoint series that is there already: choose it, measure it, and look at it as at a run. */
export function AnalysePage() {
  const [base, setBase] = useState("");
  const [checkpoints, setCheckpoints] = useState("");
  return (
    <div className="page">
      <div className="page-head">
        <h1>Import checkpoints</h1>
      </div>
      <p className={`soft ${classes.lead}`}>
        Where did the update go, how low is its rank, when did its direction lock in: measured on checkpoints that any
        trainer has written, against the weights that it began from. Hugging Face and TRL folders, FSDP shards of verl,
        LoRA adapters of PEFT, and runs of opdboard are understood.
      </p>
      <div className={classes.columns}>
        <FolderBrowser onBase={setBase} onCheckpoints={(path) => setCheckpoints((text) => withPlace(text, path))} />
        <SeriesForm base={base} checkpoints={checkpoints} onBase={setBase} onCheckpoints={setCheckpoints} />
      </div>
      <RecentJobs />
    </div>
  );
}
