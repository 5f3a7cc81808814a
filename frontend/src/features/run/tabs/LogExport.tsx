import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type LogChoice, wholeLog } from "~/api/logs";
import type { RunDetail } from "~/api/types";
import { errorText } from "~/components/ErrorBox";
import { notify } from "~/components/notify";
import { downloadText, fileName } from "~/lib/download";
import { stamp } from "~/lib/format";

interface LogExportProps {
  run: RunDetail;
  choice: LogChoice;
  total: number;
}

/** Takes every chosen line away, not only those in sight. */
export function LogExport({ run, choice, total }: LogExportProps) {
  const read = useMutation({
    mutationFn: async (to: "file" | "clipboard") => {
      const lines = await wholeLog(run.id, choice, total);
      const text = lines.map((line) => `${stamp(line.at)} #${line.attempt} ${line.text}\n`).join("");
      if (to === "clipboard") await navigator.clipboard.writeText(text);
      else downloadText(text, `${fileName(run.name)}-${run.id}.log`);
    },
    onError: (error) => notify(errorText(error), "The log could not be taken away"),
  });
  const busy = (to: string) => read.isPending && read.variables === to;
  return (
    <>
      <Button loading={busy("clipboard")} disabled={total === 0} onClick={() => read.mutate("clipboard")}>
        {read.isSuccess && read.variables === "clipboard" ? "Copied" : "Copy"}
      </Button>
      <Button loading={busy("file")} disabled={total === 0} onClick={() => read.mutate("file")}>
        Download
      </Button>
    </>
  );
}
