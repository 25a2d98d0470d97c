/** Whether a module name is a pattern. */
export function isGlob(name: string): boolean {
  return name.includes('*');
}

/**
 * Translates a glob over dotted module names. `*` stands for any characters within one segment, `**` for any across segments; as a whole
 * segment `**` also stands for none at all in front or in between (`**.norm` matches `norm`, `a.**.b` matches `a.b`), as in gitignore.
 * At the end it needs at least one (`egnn.**` is what lies below egnn).
 */
export function globExpression(glob: string): RegExp {
  let source = '';
  for (let at = 0; at < glob.length; ) {
    const stars = /^\*+/.exec(glob.slice(at))?.[0].length ?? 0;
    const atSegmentStart = at === 0 || glob[at - 1] === '.';
    if (stars >= 2 && atSegmentStart && glob[at + stars] === '.') {
      source += '(?:.*\\.)?';
      at += stars + 1;
    } else if (stars > 0) {
      source += stars >= 2 ? '.+' : '[^.]*';
      at += stars;
    } else {
      source += (glob[at] as string).replace(/[\\^$.|?+()[\]{}]/, '\\$&');
      at += 1;
    }
  }
  return new RegExp(`^${source}$`, 's');
}
