import { Group } from "@mantine/core";
import type { RunDetail } from "~/api/types";
import { ButtonLink } from "~/components/ButtonLink";
import { Choice } from "~/components/Choice";
import { Copy } from "~/components/Copy";
import { useView } from "~/components/useView";
import { toYaml } from "~/lib/yaml";
import classes from "./Logs.module.css";
import { MadeWith } from "./MadeWith";

/** Everything that decided what this run computed. */
export default function Config({ run }: { run: RunDetail }) {
  const [search] = useView();
  const config = run.config ?? run.reported_config ?? run.job_config ?? {};
  const text = search.format === "json" ? JSON.stringify(config, null, 2) : toYaml(config).trimStart();
  return (
    <>
      <Group gap="8px 16px" mb={8}>
        <Choice name="format" label="Format" choices={{ yaml: "YAML", json: "JSON" }} />
        <Copy value={text}>Copy</Copy>
        {run.kind === "trained" && (
          <ButtonLink to="/launch" search={{ clone: run.id }}>
            Clone into the launch form
          </ButtonLink>
        )}
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box needs the keyboard */}
      <pre className={`card ${classes.config}`} tabIndex={0} data-testid="config">
        {text}
      </pre>
      <MadeWith run={run} />
    </>
  );
}
