import { Button, type ButtonProps, type ElementProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";

/** A way to another page that looks like a button; where it leads is checked as a Link's is. */
export const ButtonLink = createLink((props: ButtonProps & ElementProps<"a", keyof ButtonProps>) => (
  <Button component="a" {...props} />
));
