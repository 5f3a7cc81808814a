/** Arrays as plotly 6 and later write them: {dtype, bdata: base64, shape?: "rows, columns"}. */

export interface EncodedArray {
  dtype: string;
  bdata: string;
  shape?: string;
}

export type NumericArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** What a trace attribute can hold once it is decoded. */
export type Column = NumericArray | readonly unknown[];

const KINDS = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
  u1c: Uint8ClampedArray,
} as const;

export function isEncoded(value: unknown): value is EncodedArray {
  return typeof value === "object" && value !== null && "bdata" in value && "dtype" in value;
}

function isNumeric(value: unknown): value is NumericArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

export function isColumn(value: unknown): value is Column {
  return Array.isArray(value) || isNumeric(value);
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** One typed array, or one per row where the shape has two numbers. */
export function decode(spec: EncodedArray): NumericArray | NumericArray[] {
  const kind = KINDS[spec.dtype.replace(/^[<|=]/, "") as keyof typeof KINDS];
  if (kind === undefined) throw new Error(`array type ${spec.dtype} is unknown to this page; reload it`);
  const flat = new kind(bytesOf(spec.bdata)) as NumericArray;
  const shape = spec.shape?.split(",").map(Number) ?? [];
  const [rows, columns] = shape;
  if (shape.length < 2 || rows === undefined || columns === undefined) return flat;
  return Array.from({ length: rows }, (_, row) => flat.subarray(row * columns, (row + 1) * columns) as NumericArray);
}

/** The values of an attribute, whatever way they came. */
export function columnOf(value: unknown): Column {
  if (isEncoded(value)) return decode(value);
  return isColumn(value) ? value : [];
}

/** A flat attribute as plain numbers; what is no number becomes NaN. */
export function numbersOf(value: unknown): number[] {
  return Array.from(columnOf(value) as ArrayLike<unknown>, asNumber);
}

function asNumber(value: unknown): number {
  return typeof value === "number" ? value : value === null || value === undefined ? Number.NaN : Number(value);
}

/** Old values followed by new ones. Equal typed arrays stay typed; null among numbers becomes NaN, a gap. */
export function concatenate(before: unknown, added: unknown): Column {
  const first = columnOf(before);
  const second = columnOf(added);
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  if (isNumeric(first) && isNumeric(second) && first.constructor === second.constructor) {
    const joined = new (first.constructor as new (length: number) => NumericArray)(first.length + second.length);
    joined.set(first as ArrayLike<number>, 0);
    joined.set(second as ArrayLike<number>, first.length);
    return joined;
  }
  if ((isNumeric(first) || isNumeric(second)) && allNumbers(first) && allNumbers(second)) {
    return Float64Array.from([...numbersOf(first), ...numbersOf(second)]);
  }
  return [...(first as readonly unknown[]), ...(second as readonly unknown[])];
}

function allNumbers(column: Column): boolean {
  return isNumeric(column) || column.every((value) => typeof value === "number" || value === null);
}
