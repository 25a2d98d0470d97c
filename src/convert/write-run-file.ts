import { Document } from 'yaml';
import type { JsonObject } from '../contracts/json.ts';
import { type Note, noteLines } from './notes.ts';

const LINE = 116;

/** Writes a run file as YAML, with the notes as a comment on top, so that whoever reads the file knows what was changed. */
export function writeRunFile(run: JsonObject, notes: readonly Note[], origin: string): string {
  const document = new Document(run, { version: '1.2', aliasDuplicateObjects: false });
  const lines = [`Made by rootstock convert from ${origin}.`, ...noteLines(notes)];
  document.commentBefore = lines.flatMap(wrap).join('\n');
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

/** Breaks a comment line between words; what follows is indented two further. */
function wrap(line: string): readonly string[] {
  const indent = /^ */u.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = ` ${indent}`;
  for (const word of line.trim().split(' ')) {
    if (current.trim() !== '' && current.length + 1 + word.length > LINE) {
      lines.push(current);
      current = ` ${indent}  ${word}`;
    } else current = current.trim() === '' ? `${current}${word}` : `${current} ${word}`;
  }
  return [...lines, current];
}
