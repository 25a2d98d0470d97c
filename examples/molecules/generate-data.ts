import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as ocl from 'openchemlib';
import type { BuiltMolecule } from './build-molecule.ts';
import { enumerateSmiles } from './enumerate-smiles.ts';

/** Molecules of each file. */
export const COUNTS = { rough: 800, relaxed: 400 } as const;

/** Decides which molecules there are and their order. */
const SEED = 1;

/**
 * Makes rough.sdf (molecules with the cheap label) and relaxed.sdf (other molecules, with the expensive label) in a directory, unless they
 * are there. Both depend on nothing but this code and openchemlib's version. Takes about a minute on two cores.
 */
export async function generateData(directory: string, report: (text: string) => void): Promise<void> {
  const paths = { rough: join(directory, 'rough.sdf'), relaxed: join(directory, 'relaxed.sdf') };
  if ((await exists(paths.rough)) && (await exists(paths.relaxed))) return;
  const molecules = await buildMolecules(COUNTS.rough + COUNTS.relaxed, report);
  await mkdir(directory, { recursive: true });
  const toRecord = (tag: string, energy: (molecule: BuiltMolecule) => number) => (molecule: BuiltMolecule) =>
    `${molecule.molBlock}> <smiles>\n${molecule.smiles}\n\n> <${tag}>\n${energy(molecule).toFixed(6)}\n\n$$$$\n`;
  const rough = molecules.slice(0, COUNTS.rough).map(toRecord('rough_energy', ({ roughEnergy }) => roughEnergy));
  const relaxed = molecules.slice(COUNTS.rough).map(toRecord('relaxed_energy', ({ relaxedEnergy }) => relaxedEnergy));
  await write(paths.rough, rough.join(''));
  await write(paths.relaxed, relaxed.join(''));
}

/** The first `count` molecules that can be built, in the order of enumerateSmiles. */
async function buildMolecules(count: number, report: (text: string) => void): Promise<BuiltMolecule[]> {
  const smiles = distinct(enumerateSmiles(SEED), Math.ceil(count * 1.1)); // some cannot be built
  const found = new Array<BuiltMolecule | null>(smiles.length).fill(null);
  const shares = Math.min(8, availableParallelism());
  let done = 0;
  await Promise.all(
    Array.from({ length: shares }, (_, share) => {
      const thread = new Worker(new URL('./build-slice.ts', import.meta.url), { workerData: { smiles, share, shares } });
      thread.on('message', ({ index, molecule }: { readonly index: number; readonly molecule: BuiltMolecule | null }) => {
        found[index] = molecule;
        done += 1;
        if (done % 100 === 0) report(`Making molecules: ${done} of ${smiles.length}`);
      });
      return new Promise<void>((resolve, reject) => {
        thread.once('error', reject);
        thread.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a thread that builds molecules ended with ${code}`))));
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
