import { IconAlertOctagon, IconAlertTriangle } from "@tabler/icons-react";
import type { Severity } from "~/api/types";
import pill from "~/components/RunBits.module.css";

const LOOKS = {
  critical: { Icon: IconAlertOctagon, tone: "bad" },
  warning: { Icon: IconAlertTriangle, tone: "warn" },
} as const;

/** How soon somebody should look: icon and word. */
export function SeverityPill({ severity }: { severity: Severity }) {
  const { Icon, tone } = LOOKS[severity];
  return (
    <span className={pill.pill} data-tone={tone}>
      <Icon size={13} stroke={2.2} aria-hidden />
      {severity}
    </span>
  );
}
