import { type ComponentProps, useLayoutEffect, useRef, useState } from "react";
import classes from "./table.module.css";

/** What may be wider than the page: it scrolls by itself, and while it does, a key can scroll it, too. */
export function ScrollBox({ className = "", label, ...rest }: ComponentProps<"div"> & { label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [wider, setWider] = useState(false);
  useLayoutEffect(() => {
    const look = () => box.current && setWider(box.current.scrollWidth > box.current.clientWidth);
    look(); // before it is seen
    const observer = new ResizeObserver(look);
    for (const part of box.current ? [box.current, ...box.current.children] : []) observer.observe(part);
    return () => observer.disconnect();
  });
  return (
    <div
      ref={box}
      className={`${classes.wrap} ${className}`}
      {...(wider && { role: "group", "aria-label": label, tabIndex: 0 })}
      {...rest}
    />
  );
}
