/**
 * Breaks lines longer than `width` characters between words; what follows is indented two further than its line. Words longer than a line
 * stay whole, so that paths can be copied. Line feeds that are there stay.
 */
export function wrapText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): readonly string[] {
  if (line.length <= width) return [line];
  const indent = /^ */u.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    if (current.trim() === '') current += word;
    else if (current.length + 1 + word.length <= width) current += ` ${word}`;
    else {
      lines.push(current);
      current = `${indent}  ${word}`;
    }
  }
  return [...lines, current];
}
