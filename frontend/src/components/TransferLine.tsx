import { Text } from "@mantine/core";
import type { Transfer } from "~/api/types";
import { transferWords } from "./progress";
import { Progress } from "./RunBits";

/** What a run waits for from the hub, or pushes there: how much, how fast, how long still. */
export function TransferLine({ transfer }: { transfer: Transfer }) {
  const words = transferWords(transfer);
  return (
    <div data-testid="transfer">
      <Text size="sm" className="figures" mb={4}>
        {words}
      </Text>
      {transfer.done !== null && <Progress step={transfer.done} total={transfer.total} label={words} />}
    </div>
  );
}
