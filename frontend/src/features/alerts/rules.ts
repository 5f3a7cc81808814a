import type { AlertRule, AlertRuleDraft, Measures } from "~/api/types";
import { number } from "~/lib/format";

export const COMPARISONS: readonly { value: AlertRuleDraft["comparison"]; label: string }[] = [
  { value: ">", label: "above (>)" },
  { value: ">=", label: "at least (≥)" },
  { value: "<", label: "below (<)" },
  { value: "<=", label: "at most (≤)" },
  { value: "not finite", label: "not finite (NaN, ∞)" },
];

const SIGNS: Record<AlertRuleDraft["comparison"], string> = {
  ">": ">",
  ">=": "≥",
  "<": "<",
  "<=": "≤",
  "not finite": "is not finite",
};

export function unitOf(measures: Measures | undefined, scope: AlertRuleDraft["scope"], name: string): string {
  return measures?.[scope].find((measure) => measure.name === name)?.unit ?? "";
}

/** "reverse_kl > 2 nats/token, 3 measurements in a row". */
export function conditionOf(rule: AlertRule, measures: Measures | undefined): string {
  const unit = unitOf(measures, rule.scope, rule.measure);
  const against = rule.threshold == null ? "" : ` ${number(rule.threshold)}${unit === "" ? "" : ` ${unit}`}`;
  const where = rule.scope === "module" ? " of any module" : "";
  const often = rule.steps > 1 ? `, ${rule.steps} measurements in a row` : "";
  return `${rule.measure}${where} ${SIGNS[rule.comparison]}${against}${often}`;
}
