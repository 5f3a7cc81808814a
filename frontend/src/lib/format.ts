/** Numbers, durations and times as they are shown: short, aligned, never misleading. */

const MISSING = "–";

/** Four significant digits; scientific beyond 1e-3 .. 1e5. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return MISSING;
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return minus(trimExponent(value.toExponential(Math.max(0, digits - 2))));
  return minus(trimZeros(value.toPrecision(digits)));
}

function trimExponent(text: string): string {
  const [mantissa = "", exponent = ""] = text.split("e");
  return `${trimZeros(mantissa)}e${exponent.replace("+", "")}`;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function minus(text: string): string {
  return text.replace(/^-/, "−");
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

const COUNT_UNITS: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/** 12 345 678 as 12.3M. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING;
  if (!Number.isFinite(value)) return number(value);
  for (const [size, unit] of COUNT_UNITS) {
    if (Math.abs(value) >= size) return `${trimZeros((value / size).toPrecision(3))}${unit}`;
  }
  return String(Math.round(value * 10) / 10);
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
  return `${unit === 0 ? size : trimZeros(size.toPrecision(3))} ${BYTE_UNITS[unit]}`;
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
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
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
