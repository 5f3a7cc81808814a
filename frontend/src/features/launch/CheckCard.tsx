import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconEyeCheck } from "@tabler/icons-react";
import type { RunDetail } from "~/api/types";
import { CheckView, Traps } from "~/components/check/CheckView";
import { ErrorBox } from "~/components/ErrorBox";
import { TransferLine } from "~/components/TransferLine";
import { number } from "~/lib/format";
import classes from "./LaunchPage.module.css";
import type { AskedCheck } from "./useCheck";

/** Has a worker load the pair and look before anything is launched; what it found stands here in short. */
export function CheckCard({ check, blocked }: { check: AskedCheck; blocked: boolean }) {
  const [open, { open: show, close: hide }] = useDisclosure(false);
  const { found, job, busy, outdated, error, problems } = check;
  return (
    <section className={classes.check} aria-label="Check before launch" data-testid="check-card">
      <Button
        fullWidth
        leftSection={<IconEyeCheck size={16} />}
        loading={busy}
        disabled={blocked}
        onClick={check.ask}
        data-testid="check-submit"
      >
        Check what both sides read
      </Button>
      {busy && (job?.transfer ? <TransferLine transfer={job.transfer} /> : <p className="soft">{progress(job)}</p>)}
      {!busy && error !== null && problems.length === 0 && (
        <ErrorBox title="The pair could not be checked" error={error} />
      )}
      {!busy && found && (
        <>
          {outdated && <p className="soft">Of the values before your last change.</p>}
          <Traps check={found} />
          {found.divergence && (
            <p className="soft">
              {number(found.divergence.mean, 3)} nats/token from the teacher, whose noise floor is{" "}
              {number(found.repeatability?.mean, 2)}; {found.ended} of {found.sampled} responses ended.
            </p>
          )}
          <Button variant="subtle" onClick={show} data-testid="check-open">
            Prompts, tokens and responses…
          </Button>
          <Modal opened={open} onClose={hide} title="What both sides read" size="xl">
            <CheckView check={found} />
          </Modal>
        </>
      )}
    </section>
  );
}

function progress(job: RunDetail | undefined): string {
  if (job === undefined || job.state === "queued")
    return "Waiting for a free worker; `opdboard check` does it at once on a machine with the models.";
  return "A worker loads both models and looks.";
}
