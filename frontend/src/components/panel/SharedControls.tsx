import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { panelListQuery } from "~/api/panels";
import { controlsOf } from "~/lib/panelSchema";
import { panelParams } from "~/lib/urlParams";
import { useView } from "../useView";
import classes from "./Panel.module.css";
import { ControlInput } from "./PanelControls";
import { settingOf } from "./usePanelSettings";

interface SharedControlsProps {
  /** The panel whose parameters these are. */
  panel: string;
  /** The scope that all its pictures on this page share. */
  scope: string;
  names: readonly string[];
}

/** One set of controls for many pictures of the same panel. */
export function SharedControls({ panel, scope, names }: SharedControlsProps) {
  const [search, change] = useView();
  const { data: panels } = useQuery(panelListQuery());
  const schema = panels?.find(({ name }) => name === panel)?.params_schema ?? {};
  const params = panelParams(search, scope);
  const controls = controlsOf(schema, undefined).filter(({ name }) => names.includes(name));
  return (
    <div className={classes.shared}>
      {controls.map((control) => (
        <Tooltip key={control.name} label={control.help} w={260}>
          <div className={classes.sharedField}>
            {control.kind !== "switch" && <span className={classes.fieldLabel}>{control.label}</span>}
            <ControlInput
              control={control}
              value={params[control.name]}
              onChange={(name, value) => change(settingOf(scope, name, value))}
            />
          </div>
        </Tooltip>
      ))}
    </div>
  );
}
