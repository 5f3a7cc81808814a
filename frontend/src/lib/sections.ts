/** The rows of a table that is cut into sections: a heading where there are groups, and below it its runs if it is open. */

export interface Section {
  key: string;
  /** The query that picks its runs. */
  query: string;
  count: number;
  headed: boolean;
  open: boolean;
}

export interface Place {
  section: Section;
  /** Among the section's runs; -1 is its heading. */
  index: number;
}

function rowsOf({ headed, open, count }: Section): number {
  return (headed ? 1 : 0) + (open ? count : 0);
}

export function rowCount(sections: readonly Section[]): number {
  return sections.reduce((sum, section) => sum + rowsOf(section), 0);
}

/** Which row of the table is which run of which section. */
export function placeAt(sections: readonly Section[], row: number): Place | null {
  let rest = row;
  for (const section of sections) {
    const rows = rowsOf(section);
    if (rest < rows) return { section, index: section.headed ? rest - 1 : rest };
    rest -= rows;
  }
  return null;
}

/** The pages that hold these rows, each once. */
export function pagesOf(
  sections: readonly Section[],
  rows: readonly number[],
  pageSize: number,
): { query: string; page: number }[] {
  const pages = new Map<string, { query: string; page: number }>();
  for (const row of rows) {
    const place = placeAt(sections, row);
    if (place === null || place.index < 0) continue;
    const page = Math.floor(place.index / pageSize);
    pages.set(`${page} ${place.section.query}`, { query: place.section.query, page });
  }
  return [...pages.values()];
}
