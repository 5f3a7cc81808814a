/** Numbers, durations and times as they are shown: short, aligned, never misleading. */

const MISSING = "–";

const formats = new Map<string, Intl.NumberFormat>();

/** By Intl, whose formats cost more to make than to use. */
function written(value: number, options: Intl.NumberFormatOptions): string {
  const key = JSON.stringify(options);
  const format = formats.get(key) ?? new Intl.NumberFormat("en", { useGrouping: false, ...options });
  formats.set(key, format);
  return minus(format.format(value).toLowerCase());
}

/** Four significant digits, and all before the point; scientific beyond 1e-3 .. 1e5. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return MISSING;
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) {
    return written(value, { notation: "scientific", maximumFractionDigits: Math.max(0, digits - 2) });
  }
  return written(value, { maximumSignificantDigits: Math.max(digits, Math.floor(Math.log10(size)) + 1) });
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
}

/** The way to a candidate from W_t: "+ 2 D", "− 0.6 D". */
export function alongD(factor: number): string {
  return `${factor < 0 ? "−" : "+"} ${number(Math.abs(factor))} D`;
}

/** A sentence that was written elsewhere, with true minus signs before its numbers. */
export function minuses(text: string): string {
  return text.replace(/(?<![\w.-])-(?=[\d.]|inf)/g, "−");
}

/** The same, but with a fixed number of decimals, for columns that are compared. */
export function fixed(value: number | null | undefined, decimals = 3): string {
  if (value === null || value === undefined) return MISSING;
  return Number.isFinite(value) ? minus(value.toFixed(decimals)) : number(value);
}

export function signed(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return MISSING;
  return value > 0 ? `+${number(value, digits)}` : number(value, digits);
}

export function percent(share: number | null | undefined, decimals = 1): string {
  if (share === null || share === undefined) return MISSING;
  return Number.isFinite(share) ? `${minus((share * 100).toFixed(decimals))} %` : number(share);
}

/** 12 345 678 as 12.3M. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING;
  if (!Number.isFinite(value)) return number(value);
  if (Math.abs(value) < 1e3) return String(Math.round(value * 10) / 10);
  return written(value, { notation: "compact", maximumSignificantDigits: 3 }).replace(/[mbt]$/, (unit) =>
    unit.toUpperCase(),
  );
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${written(size, { maximumSignificantDigits: Math.max(3, Math.floor(Math.log10(size || 1)) + 1) })} ${BYTE_UNITS[unit]}`;
}

/** 4.2 s, 1 min 05 s, 2 h 07 min, 3 d 4 h: two units at most. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return MISSING;
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Clock time of a moment in seconds since the epoch. */
export function clock(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return MISSING;
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}

/** Date and time, without what is obvious: today shows the clock only, this year no year. */
export function moment(seconds: number | null | undefined, now: Date = new Date()): string {
  if (seconds === null || seconds === undefined) return MISSING;
  const date = new Date(seconds * 1000);
  if (date.toDateString() === now.toDateString()) return clock(seconds);
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const year = date.getFullYear() === now.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${day}${year} ${clock(seconds).slice(0, 5)}`;
}

/** How long ago, from two moments in seconds. */
export function ago(seconds: number | null | undefined, now: number): string {
  if (seconds === null || seconds === undefined) return "never";
  const passed = Math.max(0, now - seconds);
  return passed < 2 ? "just now" : `${duration(Math.round(passed))} ago`;
}

/** Date and time in the reader's zone, to the millisecond, for logs that are taken away. */
export function stamp(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(seconds)}.${String(date.getMilliseconds()).padStart(3, "0")}${zone}`;
}
