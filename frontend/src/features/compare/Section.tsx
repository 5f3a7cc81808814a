import { Group, SimpleGrid } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./ComparePage.module.css";

interface SectionProps {
  title: string;
  /** Beside the title. */
  tools?: ReactNode;
  /** Of text and tables; pictures bring cards of their own. */
  card?: boolean;
  testId?: string;
  children: ReactNode;
}

/** A question about the compared runs, and what answers it. */
export function Section({ title, tools, card = false, testId, children }: SectionProps) {
  return (
    <SimpleGrid
      spacing={card ? 0 : 8}
      className={card ? `card ${classes.section}` : classes.section}
      data-testid={testId}
    >
      <Group gap="8px 20px" mih={30}>
        <h2>{title}</h2>
        {tools}
      </Group>
      {children}
    </SimpleGrid>
  );
}
