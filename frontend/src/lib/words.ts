/** NonFiniteLoss as "non finite loss". */
export function spaced(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** model.layers.3.mlp.gate_proj.weight as layers.3.mlp.gate_proj. */
export function shortModule(module: string): string {
  return module.replace(/^model\./, "").replace(/\.weight$/, "");
}
