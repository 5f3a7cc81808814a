/** NonFiniteLoss as "non finite loss". */
export function spaced(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
