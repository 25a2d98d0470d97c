import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RootstockError } from '../../src/errors.ts';
import { createFeaturiser, providedColumns } from '../../src/molecules/featuriser.ts';

const mapping = { 1: 0, 6: 1, 8: 2 };
const metadataOf = (config: object, rest: object = {}) => ({
  version: 1,
  config: [
    {
      column: 'mol',
      representations: [{ name: 'physicsml_features', as: '{feature_name}', config: { backend: 'rdkit', ...config }, ...rest }],
    },
  ],
});

function block(atoms: readonly string[], bonds: readonly string[] = [], end = 'M  END\n', header = '  test    01010101013D'): string {
  const counts = `${String(atoms.length).padStart(3)}${String(bonds.length).padStart(3)}  0  0  0  0  0  0  0  0999 V2000`;
  return ['name', header, '', counts, ...atoms, ...bonds, end].join('\n');
}
const carbon = '    0.0000    0.0000    0.0000 C   0  0';
const oxygen = '    1.2000    0.0000    0.0000 O   0  0';

async function refusal(value: unknown, columns = ['mol'], config: object = { atomic_number_mapping: mapping }): Promise<RootstockError> {
  const featuriser = await createFeaturiser(metadataOf(config), columns);
  try {
    featuriser.featurise(
      typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? (value as Record<string, unknown>) : { mol: value },
    );
  } catch (error) {
    assert.ok(error instanceof RootstockError, String(error));
    assert.equal(error.code, 'MOLECULE_INVALID');
    assert.doesNotMatch(error.message, /\n/u, 'one line: the caller adds the row');
    return error;
  }
  return assert.fail('nothing was refused');
}

void test('a mol block that cannot be read names the line and what is there', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a\nb\nc\nd\n', /^mol: mol block, line 4: expected a counts line ending in V2000 or V3000, received "d"/u],
    [block([carbon.replace(' C ', ' R#')]), /line 5: "R#" is not an element/u],
    [block([carbon.replace('0.0000', '   nan')]), /line 5: expected a coordinate/u],
    [block([carbon], ['  1  2  1  0']), /line 6: a bond to atom 2; there are 1/u],
    [block([carbon], ['  1  1  1  0']), /a bond from atom 1 to itself/u],
    [block([carbon, oxygen], [], ''), /ends before "M {2}END"/u],
    [block([carbon], [], 'M  END', '  test    01010101012D'), /line 2: a 2D drawing; the model needs 3D coordinates/u],
    [block([carbon], [], 'M  CHG  1   7   1\nM  END'), /a charge on atom 7; there are 1/u],
    [block([]), /^mol: a molecule with no atoms/u],
  ];
  for (const [text, message] of cases) assert.match((await refusal(text)).message, message);
});

void test('an atomic number outside the mapping is named with the mapping', async () => {
  const error = await refusal(block([carbon.replace(' C ', ' N ')]));
  assert.equal(error.message, 'mol: atomic number 7 is not in atomic_number_mapping (1, 6, 8)');
});

void test('SMILES and bytes that RDKit refuses are named, with its reason', async () => {
  assert.match((await refusal('C(C', ['mol', 'coordinates'])).message, /^mol: SMILES "C\(C" cannot be read \(RDKit: .+\)/u);
  assert.match((await refusal(new Uint8Array([1, 2, 3, 4]))).message, /^mol: a molecule of 4 bytes cannot be read/u);
  assert.match((await refusal(null)).message, /received nothing/u);
});

void test('coordinates must be one finite point per atom, hydrogens included', async () => {
  const columns = ['atomic_numbers', 'coordinates'];
  const numbers = [6, 8];
  assert.match(
    (await refusal({ atomic_numbers: numbers, coordinates: [[0, 0, 0]] }, columns)).message,
    /expected 2 points, one per atom, received 1/u,
  );
  assert.match(
    (
      await refusal(
        {
          atomic_numbers: numbers,
          coordinates: [
            [0, 0, 0],
            [1, 1],
          ],
        },
        columns,
      )
    ).message,
    /atom 1: expected \[x, y, z\], received 2 values/u,
  );
  const infinite = [
    [0, 0, 0],
    [1, 1, Number.POSITIVE_INFINITY],
  ];
  assert.match((await refusal({ atomic_numbers: numbers, coordinates: infinite }, columns)).message, /finite numbers, received Infinity/u);
  assert.match(
    (await refusal({ atomic_numbers: [6.5, 8], coordinates: [] }, columns)).message,
    /entry 0: expected an atomic number, received 6.5/u,
  );
  assert.match((await refusal({ atomic_numbers: [], coordinates: [] }, columns)).message, /no atoms/u);
  const heavyOnly = await refusal(
    {
      mol: 'CO',
      coordinates: [
        [0, 0, 0],
        [1.4, 0, 0],
      ],
    },
    ['mol', 'coordinates'],
  );
  assert.match(
    heavyOnly.message,
    /^coordinates: has 2 points, one per atom that "CO" writes; with its hydrogens it has 6. Fix: with_hydrogens: false/u,
  );
});

void test('with_hydrogens: false keeps the atoms that the SMILES write', async () => {
  const featuriser = await createFeaturiser(metadataOf({ atomic_number_mapping: mapping, with_hydrogens: false }), ['mol', 'coordinates']);
  const { atomNumbers } = featuriser.featurise({
    mol: 'CO',
    coordinates: [
      [0, 0, 0],
      [1.4, 0, 0],
    ],
  });
  assert.deepEqual(Array.from(atomNumbers), [1, 2]);
});

void test('an energy that depends on the charge needs one for the charge of the atom', async () => {
  const charged = block([oxygen], [], 'M  CHG  1   1  -1\nM  END');
  const config = { atomic_number_mapping: { 8: 0 }, atomic_energies: { 8: { 0: -75, '-1': -75.5 } } };
  const featuriser = await createFeaturiser(metadataOf(config), ['mol']);
  assert.equal(featuriser.featurise({ mol: charged }).totalAtomicEnergy, -75.5);
  const error = await refusal(charged.replace('-1', ' 1'), ['mol'], config);
  assert.equal(error.message, 'mol: atomic_energies has no energy for atomic number 8 at formal charge 1');
});

void test('every problem of the metadata comes at once, by dotted key', async () => {
  const metadata = metadataOf({
    atomic_number_mapping: { 1: 0, x: 1, 6: -1 },
    atomic_energies: { 6: 'low' },
    atom_features: ['degree', 'mass'],
    bond_features: 'order',
    colour: 1,
    one_hot_encoded: 'yes',
  });
  await assert.rejects(createFeaturiser(metadata, ['mol']), (error: RootstockError) => {
    assert.equal(error.code, 'FEATURISATION_INVALID');
    const where = (error.details.problems as { where: string }[]).map((problem) => problem.where.replace(/^.*\.config\./u, ''));
    assert.deepEqual(where.sort(), [
      'atom_features[1]',
      'atomic_energies',
      'atomic_energies.6',
      'atomic_number_mapping.6',
      'atomic_number_mapping.x',
      'bond_features',
      'colour',
      'one_hot_encoded',
    ]);
    return true;
  });
});

void test('what is not built is refused by name', async () => {
  const refused = (metadata: unknown, message: RegExp) =>
    assert.rejects(createFeaturiser(metadata, ['mol']), { code: 'NOT_AVAILABLE', message });
  await refused(metadataOf({ backend: 'openeye' }), /openeye is not built/u);
  await refused(metadataOf({}, { name: 'morgan' }), /"morgan" is not built/u);
  await refused(metadataOf({}, { name: 'physicsml_feature' }), /did you mean "physicsml_features"/u);
  await refused(metadataOf({}, { presets: { a: 1 } }), /presets is not built/u);
  const one = metadataOf({}).config[0];
  await refused({ version: 1, config: [one, one] }, /has 2 physicsml_features/u);
  const bonds = metadataOf({ bond_features: ['order'] });
  await assert.rejects(createFeaturiser(bonds, ['atomic_numbers', 'coordinates']), {
    code: 'NOT_AVAILABLE',
    message: /say nothing about bonds/u,
  });
});

void test('a column that is not there names both ways to give molecules', async () => {
  const message = /reads column "mol", or "atomic_numbers" with "coordinates"; the data has neither.\nColumns of the data: smiles, u0/u;
  await assert.rejects(createFeaturiser(metadataOf({}), ['smiles', 'u0']), { code: 'COLUMN_NOT_FOUND', message });
});

void test('another column is read where the data has none of those that the metadata names, and only there', async () => {
  const other = await createFeaturiser(metadataOf({}), ['mol_block', 'u0'], { otherColumn: 'mol_block' });
  assert.deepEqual([other.inputs, other.insteadOf], [['mol_block'], 'mol']);
  const own = await createFeaturiser(metadataOf({}), ['mol_block', 'mol'], { otherColumn: 'mol_block' });
  assert.deepEqual([own.inputs, own.insteadOf], [['mol'], null]);
  const atoms = await createFeaturiser(metadataOf({}), ['mol_block', 'atomic_numbers', 'coordinates'], { otherColumn: 'mol_block' });
  assert.deepEqual([atoms.inputs, atoms.insteadOf], [['atomic_numbers', 'coordinates'], null]);
});

void test('names of the provided columns follow the template', () => {
  const names = (as: unknown) => providedColumns(metadataOf({}, { as }));
  assert.deepEqual(names('{feature_name}'), ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates']);
  assert.equal(names(['a_{feature_name}'])[0], 'a_physicsml_atom_idxs');
  assert.equal(names(null)[0], 'mol::physicsml_atom_idxs');
  assert.throws(() => names('atoms'), { code: 'FEATURISATION_INVALID', message: /expected a template with \{feature_name\}/u });
});
