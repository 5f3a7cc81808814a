import { Button, type ButtonProps, type ElementProps, Menu, type MenuItemProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";

/** Ways to another page that look like a button or stand in a menu; where they lead is checked as a Link's is. */
export const ButtonLink = createLink((props: ButtonProps & ElementProps<"a", keyof ButtonProps>) => (
  <Button component="a" {...props} />
));
export const MenuLink = createLink((props: MenuItemProps & ElementProps<"a", keyof MenuItemProps>) => (
  <Menu.Item component="a" {...props} />
));
