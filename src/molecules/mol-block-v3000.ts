import type { ConnectionTable, Reject } from './connection-table.ts';
import { atomicNumberOf } from './elements.ts';

/** Atoms of the largest V3000 block that is read; a V2000 block cannot have more than 999. */
const MAX_ATOMS = 100_000;

interface Entry {
  readonly at: number;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

/** Reads the atom and bond blocks of a V3000 connection table; collections, groups and templates do not matter here. */
export function parseV3000(lines: readonly string[], reject: Reject): ConnectionTable {
  const { atomLines, bondLines } = readBlocks(lines, reject);
  if (atomLines.length > MAX_ATOMS) return reject(4, `more than ${MAX_ATOMS} atoms`);
  const coordinates = new Float64Array(atomLines.length * 3);
  const positions = new Map<string, number>(); // V3000 numbers atoms as it likes
  const atoms = atomLines.map(({ at, words, options }, i) => {
    const [index, symbol] = words as [string, string];
    if (positions.has(index)) return reject(at, `atom ${index} appears twice`);
    positions.set(index, i);
    const number = atomicNumberOf(symbol ?? '') ?? reject(at, `"${symbol}" is not an element`);
    for (let k = 0; k < 3; k += 1) {
      const text = words[2 + k] ?? '';
      const value = Number(text);
      if (text === '' || !Number.isFinite(value)) return reject(at, `expected a coordinate, received ${JSON.stringify(text)}`);
      coordinates[i * 3 + k] = value;
    }
    return { number, formalCharge: wholeNumber(options.CHG ?? '0', at, reject), parity: wholeNumber(options.CFG ?? '0', at, reject) };
  });
  const bonds = bondLines.map(({ at, words, options }) => {
    const end = (word: string | undefined): number =>
      positions.get(word ?? '') ?? reject(at, `a bond to atom ${word ?? '(nothing)'}; there is no such atom`);
    return { begin: end(words[2]), end: end(words[3]), type: wholeNumber(words[1] ?? '', at, reject), isEither: options.CFG === '2' };
  });
  return { atoms, bonds, coordinates };
}

function readBlocks(lines: readonly string[], reject: Reject): { atomLines: Entry[]; bondLines: Entry[] } {
  const found: { ATOM: Entry[]; BOND: Entry[] } = { ATOM: [], BOND: [] };
  let block: string | undefined;
  for (let i = 4; ; i += 1) {
    const at = i + 1;
    if (lines[i] === undefined) return reject(at, 'the block ends before "M  END"');
    if (lines[i]?.startsWith('M  END')) break;
    if (!lines[i]?.startsWith('M  V30 ')) continue;
    let text = (lines[i] as string).slice(7);
    while (text.endsWith('-')) {
      i += 1; // a trailing hyphen continues the line
      text = text.slice(0, -1) + (lines[i] ?? '').slice(7);
    }
    const edge = /^(BEGIN|END) (\w+)/u.exec(text.trim());
    if (edge !== null) block = edge[1] === 'BEGIN' ? edge[2] : undefined;
    else if (block === 'ATOM' || block === 'BOND') found[block].push(toEntry(text, at));
  }
  return { atomLines: found.ATOM, bondLines: found.BOND };
}

/** Words in order, and what is written KEY=value; a value in parentheses may contain spaces. */
function toEntry(text: string, at: number): Entry {
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (const part of text.match(/\w+=\([^)]*\)|\S+/gu) ?? []) {
    const equals = part.indexOf('=');
    if (equals < 0) words.push(part);
    else options[part.slice(0, equals)] = part.slice(equals + 1);
  }
  return { at, words, options };
}

function wholeNumber(text: string, at: number, reject: Reject): number {
  return /^-?\d+$/u.test(text) ? Number(text) : reject(at, `expected a whole number, received ${JSON.stringify(text)}`);
}
