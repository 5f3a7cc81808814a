/** A worker's job on checkpoints that are there: nothing is trained, so there are neither weights to act on nor samples. */
export function isJob({ kind }: { kind: string }): boolean {
  return kind === "import" || kind === "analysis";
}
