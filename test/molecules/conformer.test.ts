import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeaturiser } from '../../src/molecules/featuriser.ts';

const metadataOf = (config: object) => [
  {
    column: 'smiles',
    representations: [
      {
        name: 'physicsml_features',
        as: '{feature_name}',
        config: { backend: 'rdkit', atomic_number_mapping: { 1: 0, 6: 1, 8: 2 }, ...config },
      },
    ],
  },
];

const distance = (xyz: ArrayLike<number>, i: number, j: number): number =>
  Math.hypot(...[0, 1, 2].map((k) => (xyz[i * 3 + k] as number) - (xyz[j * 3 + k] as number)));

void test('SMILES without coordinates get a conformer with hydrogens, the same for the same seed', async () => {
  const featuriser = await createFeaturiser(metadataOf({}), ['smiles', 'energy']);
  assert.deepEqual(featuriser.inputs, ['smiles']);
  const first = featuriser.featurise({ smiles: 'CCO' });
  assert.deepEqual(Array.from(first.atomNumbers), [1, 1, 2, 0, 0, 0, 0, 0, 0]);
  // MMFF94's bond lengths: C-C 1.52, C-O 1.42 Angstrom, give or take 0.03 for the surroundings.
  assert.ok(Math.abs(distance(first.coordinates, 0, 1) - 1.52) < 0.03);
  assert.ok(Math.abs(distance(first.coordinates, 1, 2) - 1.42) < 0.03);
  const again = await createFeaturiser(metadataOf({}), ['smiles']);
  assert.deepEqual(again.featurise({ smiles: 'CCO' }), first);
  const other = await createFeaturiser(metadataOf({ conformer_seed: 5 }), ['smiles']);
  assert.notDeepEqual(other.featurise({ smiles: 'CCO' }).coordinates, first.coordinates);
});

void test('what a conformer cannot give is refused by name', async () => {
  const message = (config: object, smiles: string, text: RegExp) =>
    createFeaturiser(metadataOf(config), ['smiles']).then((featuriser) =>
      assert.throws(() => featuriser.featurise({ smiles }), { code: 'MOLECULE_INVALID', message: text }),
    );
  await message({}, 'hello', /^smiles: SMILES "hello" cannot be read \(openchemlib: unknown element label/u);
  for (const smiles of ['CC(C', 'CC)C', 'C)C(']) await message({}, smiles, /cannot be read: its parentheses do not match/u);
  await message({}, '', /no atoms/u);
  await message({ atom_features: ['stereo'] }, 'CCO', /cannot have features stereo; give a column "coordinates", or mol blocks/u);
  await message({ with_hydrogens: false }, 'CCO', /cannot have with_hydrogens: false/u);
});
