import { ActionIcon, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { Figure } from "~/lib/figure";
import { themed } from "~/lib/plotTheme";
import { loadPlotly } from "../plot/loadPlotly";

const PRINT = { scheme: "light", background: "#ffffff", fontSize: 10.7, height: 440 } as const; // 8 pt

interface PanelMenuProps {
  figure: Figure | undefined;
  title: string;
  /** Of which runs, until which step. */
  about: string;
  filename: string;
  onNumbers: () => void;
}

/** Takes a picture away: as an image for print, or as numbers. */
export function PanelMenu({ figure, title, about, filename, onNumbers }: PanelMenuProps) {
  if (figure === undefined) return null;
  const image = async (format: "png" | "svg") => {
    const plotly = await loadPlotly();
    const { data, layout } = themed(figure, {
      ...PRINT,
      title: `${title}<br><span style="font-size:0.8em">${about}</span>`,
    });
    await plotly.downloadImage({ data, layout }, { format, width: 720, height: 440, scale: 3, filename });
  };

  return (
    <Menu>
      <Menu.Target>
        <ActionIcon aria-label="Take this picture away">
          <IconDownload size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void image("svg")}>SVG, for print</Menu.Item>
        <Menu.Item onClick={() => void image("png")}>PNG</Menu.Item>
        <Menu.Item onClick={onNumbers}>CSV, the numbers</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
