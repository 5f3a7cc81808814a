/** A run in a text is written as the end of its address, `/runs/0a1b2c3d`, with or without what stands before it. */

const MENTION = /(?<![\w/])\/runs\/([0-9a-f]{8})(?![\w-])/g;
const ADDRESS = /^(?:https?:\/\/[^/]+)?\/runs\/([0-9a-f]{8})(?:[?#].*)?$/;

/** The text in parts: plain ones, and the ids of runs. */
export function mentions(text: string): (string | { run: string })[] {
  const parts: (string | { run: string })[] = [];
  let end = 0;
  for (const found of text.matchAll(MENTION)) {
    if (found.index > end) parts.push(text.slice(end, found.index));
    parts.push({ run: found[1] ?? "" });
    end = found.index + found[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** The run that an address leads to, where that is on this installation. */
export function runOf(address: string, origin: string): string | undefined {
  if (address.startsWith("http") && !address.startsWith(`${origin}/`)) return undefined;
  return ADDRESS.exec(address)?.[1];
}
