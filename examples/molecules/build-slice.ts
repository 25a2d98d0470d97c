import * as ocl from 'openchemlib';
import { buildMolecule } from './build-molecule.ts';

/** What generate-data.ts sends: build every `shares`-th of the SMILES from `share` on. */
interface Slice {
  readonly smiles: readonly string[];
  readonly share: number;
  readonly shares: number;
}

/** A child of generate-data.ts: sends back each molecule by its index, then ends. */
process.once('message', async ({ smiles, share, shares }: Slice) => {
  ocl.Resources.registerFromNodejs();
  for (let index = share; index < smiles.length; index += shares) {
    const message = { index, molecule: buildMolecule(smiles[index] as string) ?? null };
    await new Promise((sent) => process.send?.(message, sent)); // ending with a message under way loses it
  }
  process.disconnect();
});
