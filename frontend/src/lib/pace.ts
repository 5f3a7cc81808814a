/** Calls of the same name at most once per interval: the first at once, the last one never lost. */

interface Entry {
  readyAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Pace {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly intervalMs: number) {}

  run(name: string, action: () => void): void {
    const entry = this.entries.get(name) ?? { readyAt: 0, timer: undefined };
    this.entries.set(name, entry);
    if (entry.timer !== undefined) return;
    const wait = entry.readyAt - Date.now();
    if (wait <= 0) {
      entry.readyAt = Date.now() + this.intervalMs;
      action();
      return;
    }
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      entry.readyAt = Date.now() + this.intervalMs;
      action();
    }, wait);
  }
}
