import { fork } from 'node:child_process';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ocl from 'openchemlib';
import type { BuiltMolecule } from './build-molecule.ts';
import { enumerateSmiles } from './enumerate-smiles.ts';

/** Molecules of each file. */
const COUNTS = { estimates: 700, energies: 400 };

/** Decides which molecules there are and their order. */
const SEED = 1;

/**
 * Makes estimates.sdf (molecules with the cheap label) and energies.sdf (other molecules, with the expensive label) in a directory, unless
 * they are there. Both depend on nothing but this code and openchemlib's version. Takes about half a minute on two cores.
 */
export async function generateData(directory: string, report: (text: string) => void, counts = COUNTS): Promise<void> {
  const paths = { estimates: join(directory, 'estimates.sdf'), energies: join(directory, 'energies.sdf') };
  if ((await exists(paths.estimates)) && (await exists(paths.energies))) return;
  const molecules = await buildMolecules(counts.estimates + counts.energies, report);
  await mkdir(directory, { recursive: true });
  const toRecord = (label: string, value: (molecule: BuiltMolecule) => number) => (molecule: BuiltMolecule) =>
    `${molecule.molBlock}> <smiles>\n${molecule.smiles}\n\n> <${label}>\n${value(molecule).toFixed(6)}\n\n$$$$\n`;
  const estimates = molecules.slice(0, counts.estimates).map(toRecord('energy_estimate', ({ estimate }) => estimate));
  const energies = molecules.slice(counts.estimates).map(toRecord('energy', ({ energy }) => energy));
  await write(paths.estimates, estimates.join(''));
  await write(paths.energies, energies.join(''));
}

/** The first `count` molecules that can be built, in the order of enumerateSmiles. */
async function buildMolecules(count: number, report: (text: string) => void): Promise<BuiltMolecule[]> {
  const smiles = distinct(enumerateSmiles(SEED), Math.ceil(count * 1.02)); // some cannot be built
  const found = new Array<BuiltMolecule | null>(smiles.length).fill(null);
  const shares = Math.min(8, availableParallelism());
  let done = 0;
  await Promise.all(
    Array.from({ length: shares }, (_, share) => {
      const child = fork(fileURLToPath(new URL('./build-slice.ts', import.meta.url)));
      child.send({ smiles, share, shares });
      child.on('message', ({ index, molecule }: { readonly index: number; readonly molecule: BuiltMolecule | null }) => {
        found[index] = molecule;
        done += 1;
        if (done % 100 === 0) report(`Making molecules: ${done} of ${smiles.length}`);
      });
      return new Promise<void>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process that builds molecules ended with ${code}`))));
      });
    }),
  );
  const built = found.filter((molecule) => molecule !== null);
  if (built.length < count) throw new Error(`only ${built.length} of ${count} molecules could be built`);
  return built.slice(0, count);
}

/** The first `count` SMILES of different molecules. */
function distinct(all: readonly string[], count: number): string[] {
  const seen = new Set<string>();
  const kept: string[] = [];
  for (const smiles of all) {
    const code = ocl.Molecule.fromSmiles(smiles).getIDCode();
    if (seen.has(code)) continue;
    seen.add(code);
    kept.push(smiles);
    if (kept.length === count) break;
  }
  return kept;
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
