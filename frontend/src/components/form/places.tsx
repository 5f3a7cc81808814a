import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { createPortal } from "react-dom";

type Elements = Readonly<Record<string, HTMLElement>>;
interface Known {
  elements: Elements;
  note: (path: string, element: HTMLElement) => void;
}

const Places = createContext<Known>({ elements: {}, note: () => {} });

/** Lets a section show a field of an object that is drawn elsewhere: an object draws all of its fields at one place. */
export function PlacesProvider({ children }: { children: ReactNode }) {
  const [elements, setElements] = useState<Elements>({});
  const note = useCallback(
    (path: string, element: HTMLElement) =>
      setElements((before) => (before[path] === element ? before : { ...before, [path]: element })),
    [],
  );
  const known = useMemo(() => ({ elements, note }), [elements, note]);
  return <Places.Provider value={known}>{children}</Places.Provider>;
}

/** Where the field of this path is to stand. */
export function Place({ path }: { path: string }) {
  const { note } = useContext(Places);
  const ref = useCallback(
    (element: HTMLElement | null) => {
      if (element !== null) note(path, element);
    },
    [path, note],
  );
  return <div ref={ref} style={{ display: "contents" }} />;
}

/** A field at its place, wherever it is drawn. */
export function AtPlace({ path, children }: { path: string; children: ReactNode }) {
  const place = useContext(Places).elements[path];
  return place === undefined ? null : createPortal(children, place);
}
