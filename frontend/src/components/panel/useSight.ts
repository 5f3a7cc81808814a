import { useIntersection, useMergedRef } from "@mantine/hooks";
import { useRef } from "react";

/** Whether a picture is in sight or near it, and whether it is worth keeping drawn. */
export function useSight() {
  const near = useIntersection<HTMLElement>({ rootMargin: "400px" });
  const around = useIntersection<HTMLElement>({ rootMargin: "2400px" });
  const ref = useMergedRef(near.ref, around.ref);
  const visible = near.entry?.isIntersecting === true;
  const drawn = useRef(false);
  if (visible) drawn.current = true;
  else if (around.entry?.isIntersecting === false) drawn.current = false; // far away: its memory is given back
  return { ref, visible, drawn: drawn.current };
}
