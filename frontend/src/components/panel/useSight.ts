import { useIntersection, useMergedRef } from "@mantine/hooks";
import { useRef } from "react";
import { printing } from "~/lib/printing";
import { useStore } from "~/lib/store";

/** Whether a picture is in sight or near it, and whether it is worth keeping drawn. */
export function useSight() {
  const near = useIntersection<HTMLElement>({ rootMargin: "400px" });
  const around = useIntersection<HTMLElement>({ rootMargin: "2400px" });
  const ref = useMergedRef(near.ref, around.ref);
  const onPaper = useStore(printing);
  const visible = near.entry?.isIntersecting === true || onPaper;
  const drawn = useRef(false);
  if (visible) drawn.current = true;
  else if (around.entry?.isIntersecting === false) drawn.current = false; // far away: its memory is given back
  return { ref, visible, drawn: drawn.current };
}
