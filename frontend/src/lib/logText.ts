/** What a line of a log says at a glance. */

/** The same words as the server's choice of lines. */
export function tone(text: string): "bad" | "warn" | undefined {
  if (/error|exception|traceback|failed/i.test(text)) return "bad";
  return /warn/i.test(text) ? "warn" : undefined;
}

/** The line in parts, those that were looked for marked. */
export function marked(text: string, wanted: string): { text: string; hit: boolean }[] {
  if (wanted === "") return [{ text, hit: false }];
  const parts: { text: string; hit: boolean }[] = [];
  const low = text.toLowerCase();
  const look = wanted.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(look); at >= 0; at = low.indexOf(look, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false });
    parts.push({ text: text.slice(at, at + look.length), hit: true });
    from = at + look.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
}
