import { Popover, type PopoverProps } from "@mantine/core";
import { useWindowEvent } from "@mantine/hooks";

interface PopupProps extends PopoverProps {
  opened: boolean;
  onChange: (opened: boolean) => void;
}

/** A popover that Escape closes wherever the focus is: the option that was chosen last, and had it, may be gone. */
export function Popup({ opened, onChange, ...rest }: PopupProps) {
  useWindowEvent("keydown", (event) => {
    if (opened && event.key === "Escape") onChange(false);
  });
  return <Popover opened={opened} onChange={onChange} shadow="md" trapFocus returnFocus {...rest} />;
}

Popup.Target = Popover.Target;
Popup.Dropdown = Popover.Dropdown;
