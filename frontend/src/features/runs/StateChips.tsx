import { useQuery } from "@tanstack/react-query";
import { runGroupsQuery } from "~/api/runs";
import type { RunState } from "~/api/types";
import { isActive } from "~/lib/runState";
import classes from "./RunsPage.module.css";
import type { RunsView } from "./useRunsView";

const CHIPS = ["", "active", "queued", "finished", "failed", "stopped"] as const;

/** One click to the runs of a state; says how many of the query's runs are in each. */
export function StateChips({ view }: { view: RunsView }) {
  const { data } = useQuery(runGroupsQuery({ query: view.text, by: "state", measures: "", sort: "-count" }));
  const count = (chip: string) =>
    data?.groups
      .filter(
        ({ values: [state] }) => chip === "" || state === chip || (chip === "active" && isActive(state as RunState)),
      )
      .reduce((sum, group) => sum + group.count, 0);
  return (
    <fieldset className={classes.chips}>
      <legend className="visually-hidden">State</legend>
      {CHIPS.map((chip) => (
        <button
          key={chip}
          type="button"
          className={classes.chip}
          aria-pressed={view.state === chip}
          onClick={() => view.change({ state: chip })}
          data-testid={`state-${chip || "all"}`}
        >
          {chip === "" ? "All" : chip} <span className={classes.chipCount}>{count(chip) ?? ""}</span>
        </button>
      ))}
    </fieldset>
  );
}
