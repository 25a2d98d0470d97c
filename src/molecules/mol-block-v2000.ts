import type { ConnectionTable, Reject } from './connection-table.ts';
import { atomicNumberOf } from './elements.ts';

/** Charges of the atom block by code. 4 is a doublet radical, without charge. */
const CHARGE_CODES = [0, 3, 2, 1, 0, -1, -2, -3];

/** Reads the fixed columns of a V2000 connection table. `lines` start with the header. */
export function parseV2000(lines: readonly string[], reject: Reject): ConnectionTable {
  const counts = lines[3] as string;
  const atomCount = wholeNumber(counts.slice(0, 3), 4, reject);
  const bondCount = wholeNumber(counts.slice(3, 6), 4, reject);
  const coordinates = new Float64Array(atomCount * 3);
  const atoms: { number: number; formalCharge: number; parity: number }[] = [];
  for (let i = 0; i < atomCount; i += 1) {
    const at = 5 + i;
    const line = lineAt(lines, at, reject);
    for (let k = 0; k < 3; k += 1) coordinates[i * 3 + k] = realNumber(line.slice(k * 10, k * 10 + 10), at, reject);
    const symbol = line.slice(31, 34).trim();
    const number = atomicNumberOf(symbol) ?? reject(at, `"${symbol}" is not an element`);
    const code = optionalNumber(line.slice(36, 39), at, reject);
    const formalCharge = CHARGE_CODES[code] ?? reject(at, `expected a charge code from 0 to 7, received ${code}`);
    atoms.push({ number, formalCharge, parity: optionalNumber(line.slice(39, 42), at, reject) });
  }
  const bonds = Array.from({ length: bondCount }, (_, i) => {
    const at = 5 + atomCount + i;
    const line = lineAt(lines, at, reject);
    const end = (from: number): number => {
      const atom = wholeNumber(line.slice(from, from + 3), at, reject);
      return atom >= 1 && atom <= atomCount ? atom - 1 : reject(at, `a bond to atom ${atom}; there are ${atomCount}`);
    };
    const type = wholeNumber(line.slice(6, 9), at, reject);
    return { begin: end(0), end: end(3), type, isEither: optionalNumber(line.slice(9, 12), at, reject) === 3 };
  });
  readProperties(lines, 5 + atomCount + bondCount, atoms, reject);
  return { atoms, bonds, coordinates };
}

/** `M  CHG` lines replace all charges of the atom block, as soon as there is one. Other property lines do not matter here. */
function readProperties(lines: readonly string[], first: number, atoms: { formalCharge: number }[], reject: Reject): void {
  let replaced = false;
  for (let at = first; ; at += 1) {
    const line = lineAt(lines, at, reject);
    if (line.startsWith('M  END')) return;
    if (!line.startsWith('M  CHG') && !line.startsWith('M  RAD')) continue;
    if (!replaced) for (const atom of atoms) atom.formalCharge = 0;
    replaced = true;
    if (line.startsWith('M  RAD')) continue;
    const count = wholeNumber(line.slice(6, 9), at, reject);
    for (let k = 0; k < count; k += 1) {
      const index = wholeNumber(line.slice(10 + k * 8, 13 + k * 8), at, reject);
      const atom = atoms[index - 1] ?? reject(at, `a charge on atom ${index}; there are ${atoms.length}`);
      atom.formalCharge = wholeNumber(line.slice(14 + k * 8, 17 + k * 8), at, reject);
    }
  }
}

function lineAt(lines: readonly string[], at: number, reject: Reject): string {
  return lines[at - 1] ?? reject(at, 'the block ends before "M  END"');
}

function optionalNumber(text: string, at: number, reject: Reject): number {
  return text.trim() === '' ? 0 : wholeNumber(text, at, reject);
}

function wholeNumber(text: string, at: number, reject: Reject): number {
  return /^\s*-?\d+\s*$/u.test(text) ? Number(text) : reject(at, `expected a whole number, received ${JSON.stringify(text)}`);
}

function realNumber(text: string, at: number, reject: Reject): number {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$/u.test(text)
    ? Number(text)
    : reject(at, `expected a coordinate, received ${JSON.stringify(text)}`);
}
