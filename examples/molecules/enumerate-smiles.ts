import { randomStream } from '../../src/random/stream.ts';

/** Skeletons with two or three places for a substituent. A ring whose places are equivalent gives some molecules twice; the caller drops them. */
const SKELETONS = [
  'C{}C{}',
  'C{}CC{}',
  'C{}C{}C{}',
  'C{}OC{}',
  'C{}NC{}',
  'C{}C=CC{}',
  'C{}C#CC{}',
  'C{}C(=O)C{}',
  'C{}C(=O)OC{}',
  'C{}C(=O)NC{}',
  'C1{}CC1{}',
  'C1{}CCC1{}',
  'C1{}CCCC1{}',
  'C1{}CO1',
  'C1{}CN1',
  'C1{}COC1{}',
  'C1{}CCOC1{}',
  'C1{}CCNC1{}',
  'c1{}ccoc1{}',
  'c1{}cc[nH]c1{}',
  'c1{}ccncc1{}',
  'c1{}cccc(c1){}',
];

const SUBSTITUENTS = [
  '',
  'C',
  'CC',
  'O',
  'N',
  'F',
  'OC',
  'NC',
  'C=O',
  'C#N',
  'C=C',
  'C#C',
  'C(F)F',
  'C(=O)N',
  'C(=O)O',
  'CO',
  'CF',
  'C(C)C',
];

/** Heavy atoms of the largest molecule, as in QM9. */
const MAX_HEAVY_ATOMS = 9;

/** SMILES of small organic molecules of C, N, O and F, in an order that only the seed decides. */
export function enumerateSmiles(seed: number): string[] {
  const all = SKELETONS.flatMap((skeleton) => fill(skeleton)).filter(
    (smiles) => (smiles.match(/[A-Z]|[cno]/gu) ?? []).filter((a) => a !== 'H').length <= MAX_HEAVY_ATOMS,
  );
  const { uint32 } = randomStream(seed, 'examples/molecules');
  return all
    .map((smiles) => ({ smiles, key: uint32() }))
    .sort((a, b) => a.key - b.key || (a.smiles < b.smiles ? -1 : 1))
    .map(({ smiles }) => smiles);
}

function fill(skeleton: string): string[] {
  const place = skeleton.indexOf('{}');
  if (place < 0) return [skeleton];
  const [before, after] = [skeleton.slice(0, place), skeleton.slice(place + 2)];
  return SUBSTITUENTS.flatMap((each) => fill(`${before}${each === '' ? '' : `(${each})`}${after}`));
}
