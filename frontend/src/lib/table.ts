export type Cell = string | number | null;

export interface TableColumn {
  title: string;
  numeric: boolean;
}

/** Rows are made when they are looked at: a heatmap over time may have hundreds of thousands. */
export interface Table {
  caption: string;
  columns: TableColumn[];
  count: number;
  row: (index: number) => Cell[];
}
