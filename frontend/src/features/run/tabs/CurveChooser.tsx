import { MultiSelect } from "@mantine/core";

interface CurveChooserProps {
  known: { value: string; label: string }[];
  chosen: string[];
  onChange: (keys: string[]) => void;
}

/** Any scalars of the run, to be drawn over each other. */
export default function CurveChooser({ known, chosen, onChange }: CurveChooserProps) {
  return (
    <MultiSelect
      className="no-print"
      miw={200}
      aria-label="Draw more curves together"
      placeholder={chosen.length === 0 ? "Draw curves together…" : undefined}
      data={known}
      value={chosen}
      onChange={onChange}
      maxValues={8}
      searchable
      clearable
    />
  );
}
