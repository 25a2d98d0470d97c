/** The word for a number of things: `plural(1, 'row')` is "row", `plural(2, 'row')` is "rows", `plural(2, 'matches', 'match')` is "match". */
export function plural(count: number, one: string, several = `${one}s`): string {
  return count === 1 ? one : several;
}
