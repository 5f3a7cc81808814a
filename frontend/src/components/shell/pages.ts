import {
  IconBell,
  IconColumns2,
  IconHome,
  IconListDetails,
  IconMicroscope,
  IconRocket,
  IconServer2,
  IconSettings,
} from "@tabler/icons-react";

/** The pages of the rail; key: the letter that goes there after `g`. */
export const pages = [
  { to: "/", label: "Home", key: "h", Icon: IconHome },
  { to: "/runs", label: "Runs", key: "r", Icon: IconListDetails },
  { to: "/compare", label: "Compare", key: "c", Icon: IconColumns2 },
  { to: "/launch", label: "Launch", key: "l", Icon: IconRocket },
  { to: "/analyse", label: "Analyses", key: "n", Icon: IconMicroscope },
  { to: "/alerts", label: "Alerts", key: "a", Icon: IconBell },
  { to: "/workers", label: "Workers", key: "w", Icon: IconServer2 },
  { to: "/settings", label: "Settings", key: "s", Icon: IconSettings },
] as const;
