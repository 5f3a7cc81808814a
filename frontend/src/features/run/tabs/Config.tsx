import { Button, CopyButton, SegmentedControl } from "@mantine/core";
import type { RunDetail } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { useView } from "~/components/useView";
import { oneOf } from "~/lib/urlParams";
import { toYaml } from "~/lib/yaml";
import classes from "./Logs.module.css";

/** Everything that decided what this run computed. */
export default function Config({ run }: { run: RunDetail }) {
  const [search, change] = useView();
  const format = oneOf(search.format, ["yaml", "json"] as const, "yaml");
  const config = run.config ?? run.reported_config ?? run.job_config ?? {};
  const text = format === "yaml" ? toYaml(config).trimStart() : JSON.stringify(config, null, 2);
  return (
    <>
      <div className={classes.toolbar}>
        <SegmentedControl
          aria-label="Format"
          data={[
            { value: "yaml", label: "YAML" },
            { value: "json", label: "JSON" },
          ]}
          value={format}
          onChange={(next) => change({ format: next === "yaml" ? undefined : next })}
        />
        <CopyButton value={text}>
          {({ copied, copy }) => <Button onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}
        </CopyButton>
        {run.kind === "trained" && (
          <ButtonLink to="/launch" search={{ clone: run.id }}>
            Clone into the launch form
          </ButtonLink>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <pre className={`card ${classes.config}`} tabIndex={0} data-testid="config">
        {text}
      </pre>
    </>
  );
}
