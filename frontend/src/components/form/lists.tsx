import { Button } from "@mantine/core";
import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps } from "@rjsf/utils";
import { IconPlus, IconX } from "@tabler/icons-react";
import classes from "./form.module.css";

/** Entries of a list one below the other, and a button for one more. */
export function ArrayFieldTemplate({ items, canAdd, onAddClick, title }: ArrayFieldTemplateProps) {
  return (
    <>
      {items}
      {canAdd && (
        <Button size="compact-sm" leftSection={<IconPlus size={14} aria-hidden />} onClick={onAddClick}>
          {`Add to ${title.toLowerCase()}`}
        </Button>
      )}
    </>
  );
}

/** One entry, with a button that takes it out where the list may become shorter. */
export function ArrayFieldItemTemplate({ children, buttonsProps, index }: ArrayFieldItemTemplateProps) {
  return (
    <div className={classes.entry}>
      {children}
      {buttonsProps.hasRemove && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconX size={13} aria-hidden />}
          onClick={buttonsProps.onRemoveItem}
        >
          {`Remove number ${index + 1}`}
        </Button>
      )}
    </div>
  );
}
