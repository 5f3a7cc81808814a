import { type ElementProps, Menu, type MenuItemProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";

/** A way to another page in a menu; apart from ButtonLink, since pages without a menu need not load one. */
export const MenuLink = createLink((props: MenuItemProps & ElementProps<"a", keyof MenuItemProps>) => (
  <Menu.Item component="a" {...props} />
));
