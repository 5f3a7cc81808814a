import { Button, TextInput } from "@mantine/core";
import { IconCopy, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { configDifferenceQuery } from "~/api/compare";
import type { ConfigDifference, Entry } from "~/api/types";
import { Copy } from "~/components/Copy";
import { ScrollBox } from "~/components/ScrollBox";
import table from "~/components/table.module.css";
import { Unread } from "~/components/Unread";
import { useView } from "~/components/useView";
import { number } from "~/lib/format";
import classes from "./ComparePage.module.css";
import { EntryName } from "./EntryName";
import { Section } from "./Section";

/** Only the keys that differ, a group with the set of its values; the rest is folded. */
export function ConfigDifferences({ entries }: { entries: readonly Entry[] }) {
  const query = useQuery(configDifferenceQuery(entries.map(({ key }) => key)));
  const [search, change] = useView();
  const open = search.same === "1";
  const text = (search.key ?? "").toLowerCase();
  const found = <T extends { path: string }>(keys: readonly T[] = []) =>
    keys.filter(({ path }) => path.toLowerCase().includes(text));
  const { data } = query;
  const differing = found(data?.differing);
  const same = open ? found(data?.same) : [];
  const tools = (
    <>
      <TextInput
        w={180}
        aria-label="Find a key"
        placeholder="Find a key"
        leftSection={<IconSearch size={14} />}
        value={search.key ?? ""}
        onChange={(event) => change({ key: event.currentTarget.value })}
      />
      {data && data.same.length > 0 && (
        <Button variant="subtle" color="gray" size="xs" onClick={() => change({ same: open ? undefined : "1" })}>
          {open ? "Hide" : "Show"} the {data.same.length} keys that agree
        </Button>
      )}
      {data && (
        <Copy
          value={tabSeparated(entries, differing)}
          variant="subtle"
          color="gray"
          size="xs"
          leftSection={<IconCopy size={14} />}
        >
          Copy as a table
        </Copy>
      )}
    </>
  );
  return (
    <Section card title="How do the configurations differ?" tools={tools} testId="config-differences">
      {!data && <Unread what="the configurations" query={query} />}
      {data?.differing.length === 0 && <p className={classes.sentence}>They do not: every key has the same value.</p>}
      {data && data.differing.length > 0 && differing.length + same.length === 0 && (
        <p className={classes.sentence}>
          No key that {open ? "is here" : "differs"} contains “{search.key}”.
        </p>
      )}
      {differing.length + same.length > 0 && (
        <ScrollBox label="Configurations">
          <table className={table.table}>
            <thead>
              <tr>
                <th>Key</th>
                {entries.map((entry) => (
                  <th key={entry.key}>
                    <EntryName entry={entry} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map(({ path, values }) => (
                <tr key={path}>
                  <td className="mono">{path}</td>
                  {entries.map(({ key }) => (
                    <td key={key}>{values[key] ? written(values[key]) : <span className="soft">not set</span>}</td>
                  ))}
                </tr>
              ))}
              {same.map((key) => (
                <tr key={key.path} className={table.quiet}>
                  <td className="mono">{key.path}</td>
                  <td colSpan={entries.length}>{shown(key.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Section>
  );
}

function written(values: readonly unknown[]): string {
  return values.map(shown).join(", ");
}

function shown(value: unknown): string {
  if (typeof value === "number") return number(value, 6);
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** For a spreadsheet: a row per key. */
function tabSeparated(entries: readonly Entry[], differing: ConfigDifference["differing"]): string {
  const head = ["key", ...entries.map(({ name }) => name)];
  const rows = differing.map(({ path, values }) => [path, ...entries.map(({ key }) => written(values[key] ?? []))]);
  return [head, ...rows].map((row) => row.map((cell) => cell.replace(/[\t\n]/g, " ")).join("\t")).join("\n");
}
