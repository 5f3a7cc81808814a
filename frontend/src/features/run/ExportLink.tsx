import { IconPackageExport } from "@tabler/icons-react";
import { ButtonLink } from "~/components/ButtonLink";
import { number } from "~/lib/format";

interface ExportLinkProps {
  runId: string;
  step: number;
  /** A candidate of the trigger at `step`; without it the checkpoint. */
  factor?: number;
}

/** To the form that exports these weights; nothing is written before it is sent. */
export function ExportLink({ runId, step, factor }: ExportLinkProps) {
  const which = factor === undefined ? `the checkpoint of step ${step}` : `factor ${number(factor)} of step ${step}`;
  return (
    <ButtonLink
      to="/runs/$runId"
      params={{ runId }}
      search={{ tab: "analyses", export: String(step), ...(factor === undefined ? {} : { factor: String(factor) }) }}
      leftSection={<IconPackageExport size={14} aria-hidden />}
      aria-label={`Export ${which}`}
      data-testid={`export-${step}${factor === undefined ? "" : `-${factor}`}`}
    >
      Export
    </ButtonLink>
  );
}
