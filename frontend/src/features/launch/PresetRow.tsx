import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconCopy, IconGitFork } from "@tabler/icons-react";
import type { Preset } from "~/api/types";
import classes from "./PresetRow.module.css";

interface PresetRowProps {
  presets: readonly Preset[];
  chosen: string | undefined;
  from: { name: string; step: string | undefined; fork: boolean } | undefined;
  onChoose: (name: string) => void;
}

/** Where the form starts: a run, a real model, or one of the demos. */
export function PresetRow({ presets, chosen, from, onChoose }: PresetRowProps) {
  const demos = presets.filter(isDemo);
  const start = presets.find(({ name }) => name === chosen);
  const demo = start && isDemo(start) ? start : undefined;
  return (
    <section className={classes.start} aria-label="Start from">
      <div className={classes.row}>
        <span className="soft">Start from</span>
        {from !== undefined && (
          <span className={classes.run} data-testid="origin-run">
            {from.fork ? <IconGitFork size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
            {from.fork ? `Fork of ${from.name}${from.step ? ` at step ${from.step}` : ""}` : `Copy of ${from.name}`}
          </span>
        )}
        {presets
          .filter((preset) => !isDemo(preset))
          .map(({ name, title }) => (
            <Button
              key={name}
              variant={name === chosen ? "light" : "default"}
              aria-pressed={name === chosen}
              onClick={() => onChoose(name)}
              data-testid={`preset-${name}`}
            >
              {title}
            </Button>
          ))}
        <Menu position="bottom-start" width={340} withinPortal={false}>
          <Menu.Target>
            <Button
              variant={demo ? "light" : "default"}
              rightSection={<IconChevronDown size={14} aria-hidden />}
              data-testid="preset-demos"
            >
              {demo?.title ?? "A demo"}
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
            {demos.map(({ name, title, takes }) => (
              <Menu.Item key={name} onClick={() => onChoose(name)} data-testid={`preset-${name}`}>
                {title}
                <small className={classes.takes}>{takes}</small>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      <p className="soft" data-testid="preset-about">
        {start && `${start.description} ${sentenceOf(start.needs)} ${sentenceOf(start.takes)}`}
        {from?.fork === true && "Starts from that run's weights; every other value is that run's."}
        {from?.fork === false && "Every value below is that run's."}
      </p>
    </section>
  );
}

function isDemo({ config }: Preset): boolean {
  return config.student?.kind === "demo";
}

function sentenceOf(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
