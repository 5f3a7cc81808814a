import { useElementSize, useMergedRef } from "@mantine/hooks";
import { type ComponentProps, useEffect, useRef, useState } from "react";
import classes from "./table.module.css";

/** What may be wider than the page: it scrolls by itself, and while it does, a key can scroll it, too. */
export function ScrollBox({ className = "", label, ...rest }: ComponentProps<"div"> & { label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const { ref: watched } = useElementSize<HTMLDivElement>(); // drawn again with every size
  const [wider, setWider] = useState(false);
  useEffect(() => {
    if (box.current) setWider(box.current.scrollWidth > box.current.clientWidth);
  });
  return (
    <div
      ref={useMergedRef(box, watched)}
      className={`${classes.wrap} ${className}`}
      {...(wider && { role: "group", "aria-label": label, tabIndex: 0 })}
      {...rest}
    />
  );
}
