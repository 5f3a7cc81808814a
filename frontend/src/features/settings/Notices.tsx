import { Switch } from "@mantine/core";
import { useState } from "react";
import { noticesAllowed, noticesWanted, wantNotices } from "~/api/runEndNotices";
import { useStore } from "~/lib/store";

const TOLD: Record<NotificationPermission, string> = {
  default: "The browser will ask whether this page may.",
  granted: "Shown while a page of opdboard is open in this browser and none is in sight.",
  denied: "This browser does not let the page: allow notifications for this address in its settings.",
};

/** Whether the browser tells when a run finishes or fails. */
export function Notices() {
  const wanted = useStore(noticesWanted);
  const [, asked] = useState(0);
  const allowed = noticesAllowed();
  return (
    <>
      <Switch
        label="Tell me when a run finishes or fails"
        checked={wanted && allowed === "granted"}
        disabled={allowed === null || allowed === "denied"}
        onChange={(event) => void wantNotices(event.currentTarget.checked).then(() => asked((times) => times + 1))}
        data-testid="notices"
      />
      <p className="soft">
        {allowed === null
          ? "Browsers show notifications of pages with https, or of this machine, alone."
          : TOLD[allowed]}
      </p>
    </>
  );
}
