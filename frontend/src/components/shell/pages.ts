import {
  IconBell,
  IconColumns2,
  IconFolderSearch,
  IconHome,
  IconListDetails,
  IconRocket,
  IconServer2,
  IconSettings,
} from "@tabler/icons-react";

/** The pages of the rail; short: where there is no room for more; key: the letter that goes there after `g`. */
export const pages = [
  { to: "/", label: "Home", short: "Home", key: "h", Icon: IconHome },
  { to: "/runs", label: "Runs", short: "Runs", key: "r", Icon: IconListDetails },
  { to: "/compare", label: "Compare", short: "Compare", key: "c", Icon: IconColumns2 },
  { to: "/launch", label: "Launch", short: "Launch", key: "l", Icon: IconRocket },
  { to: "/analyse", label: "Import checkpoints", short: "Import", key: "n", Icon: IconFolderSearch },
  { to: "/alerts", label: "Alerts", short: "Alerts", key: "a", Icon: IconBell },
  { to: "/workers", label: "Workers", short: "Workers", key: "w", Icon: IconServer2 },
  { to: "/settings", label: "Settings", short: "Settings", key: "s", Icon: IconSettings },
] as const;
