/** Collects a repeatable option. */
export function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}
