import { Button, type ButtonProps, CopyButton } from "@mantine/core";

/** Copies a text, and says that it did. */
export function Copy({ value, children, ...button }: ButtonProps & { value: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button {...button} onClick={copy}>
          {copied ? "Copied" : children}
        </Button>
      )}
    </CopyButton>
  );
}
