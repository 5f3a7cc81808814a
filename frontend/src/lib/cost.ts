/** Response tokens of a run so far, for training and by the search; nothing where none are known. */
export function tokensSpent(latest: Readonly<Record<string, number | null>>): number | undefined {
  const { tokens, search_tokens: search } = latest;
  return tokens === null || tokens === undefined ? undefined : tokens + (search ?? 0);
}
