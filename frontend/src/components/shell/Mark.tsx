/** The mark: a step taken, and the same direction foreseen. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#5350c4" />
      <path d="M6 23 L13 16" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path d="M13 16 L25 6" stroke="#fff" strokeWidth="3" strokeLinecap="round" strokeDasharray="0.1 5.2" />
      <circle cx="13" cy="16" r="3.4" fill="#fff" />
      <circle cx="26" cy="6" r="3" fill="none" stroke="#fff" strokeWidth="2" />
    </svg>
  );
}
