import { IconColumns2, IconListDetails, IconRocket, IconServer2 } from "@tabler/icons-react";

/** The pages of the rail. */
export const pages = [
  { to: "/runs", label: "Runs", Icon: IconListDetails },
  { to: "/compare", label: "Compare", Icon: IconColumns2 },
  { to: "/launch", label: "Launch", Icon: IconRocket },
  { to: "/workers", label: "Workers", Icon: IconServer2 },
] as const;
