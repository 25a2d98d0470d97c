import { parentPort, workerData } from 'node:worker_threads';
import * as ocl from 'openchemlib';
import { buildMolecule } from './build-molecule.ts';

/** A thread of generate-data.ts: builds its share of the molecules and posts each by its index. */
const { smiles, share, shares } = workerData as { readonly smiles: readonly string[]; readonly share: number; readonly shares: number };

ocl.Resources.registerFromNodejs();
for (let index = share; index < smiles.length; index += shares) {
  parentPort?.postMessage({ index, molecule: buildMolecule(smiles[index] as string) ?? null });
}
