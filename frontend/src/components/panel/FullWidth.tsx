import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

interface FullWidthProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** A picture over the whole page. */
export default function FullWidth({ title, onClose, children }: FullWidthProps) {
  return (
    <Modal opened onClose={onClose} title={title} size="min(1560px, 96vw)">
      {children}
    </Modal>
  );
}
