import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MoleculeFeatures } from '../../src/contracts/graphs.ts';
import { createFeaturiser } from '../../src/molecules/featuriser.ts';

const root = join(import.meta.dirname, '..', '..');
const golden = join(root, 'test', 'fixtures', 'golden');

interface Expected {
  readonly physicsml_atom_idxs: readonly number[];
  readonly physicsml_atom_numbers: readonly number[];
  readonly physicsml_coordinates: readonly (readonly number[])[];
  readonly physicsml_atom_features?: readonly (readonly number[])[];
  readonly physicsml_bond_idxs?: readonly (readonly [number, number])[];
  readonly physicsml_bond_features?: readonly (readonly number[])[];
  readonly physicsml_total_atomic_energy?: number;
}

interface FeaturisationFile {
  readonly featurisation_metadata: Readonly<
    Record<(typeof CONFIGS)[number], { readonly version: number; readonly config: readonly unknown[] }>
  >;
  readonly molecules: readonly ({ readonly molblock_v2000: string; readonly atomic_numbers: readonly number[] } & Readonly<
    Record<(typeof CONFIGS)[number], Expected>
  >)[];
}

const CONFIGS = ['tutorial', 'tutorial_with_energies', 'with_atom_and_bond_features'] as const;

/** RDKit's writer turns a bond round to draw a wedge, so pairs are compared without direction, each with its features. */
function bondsOf(pairs: Expected['physicsml_bond_idxs'], features: Expected['physicsml_bond_features']): string[] {
  return (pairs ?? []).map(([i, j], k) => JSON.stringify([Math.min(i, j), Math.max(i, j), features?.[k]])).sort();
}

function check(found: MoleculeFeatures, expected: Expected, tolerance: number, title: string): void {
  assert.deepEqual(Array.from(found.atomNumbers), expected.physicsml_atom_numbers, title);
  const coordinates = expected.physicsml_coordinates.flat();
  assert.equal(found.coordinates.length, coordinates.length, title);
  for (const [i, value] of coordinates.entries()) {
    assert.ok(
      Math.abs((found.coordinates[i] as number) - value) <= tolerance,
      `${title}: coordinate ${i}: ${found.coordinates[i]} not ${value}`,
    );
  }
  assert.deepEqual(found.atomFeatures, expected.physicsml_atom_features ?? null, title);
  assert.equal(found.bondIdxs === null, expected.physicsml_bond_idxs === undefined, title);
  assert.deepEqual(
    bondsOf(found.bondIdxs ?? undefined, found.bondFeatures ?? undefined),
    bondsOf(expected.physicsml_bond_idxs, expected.physicsml_bond_features),
    title,
  );
  assert.equal(found.totalAtomicEnergy, expected.physicsml_total_atomic_energy ?? null, title);
}

async function checkFile(path: string): Promise<void> {
  const { featurisation_metadata, molecules } = JSON.parse(readFileSync(path, 'utf8')) as FeaturisationFile;
  for (const name of CONFIGS) {
    const metadata = featurisation_metadata[name];
    const fromBlock = await createFeaturiser(metadata, ['mol_bytes', 'u0']);
    const columns = Object.keys((molecules[0] as (typeof molecules)[number])[name]).sort();
    assert.deepEqual(fromBlock.outputs, columns);
    for (const [i, molecule] of molecules.entries()) {
      const expected = molecule[name];
      // A V2000 block has four decimals.
      check(fromBlock.featurise({ mol_bytes: molecule.molblock_v2000 }), expected, 5.1e-5, `${name}, molecule ${i}`);
      if (name === 'with_atom_and_bond_features') continue;
      const fromAtoms = await createFeaturiser(metadata, ['atomic_numbers', 'coordinates']);
      const row = { atomic_numbers: molecule.atomic_numbers, coordinates: expected.physicsml_coordinates };
      check(fromAtoms.featurise(row), expected, 0, `${name}, atoms of molecule ${i}`);
    }
  }
}

void test('features of made-up molecules are those of physicsml, from mol blocks and from plain atoms', async () => {
  await checkFile(join(golden, 'd_featurisation.json'));
});

const qm9 = join(root, '..', 'shared', 'reference', 'golden', 'd_featurisation.json');
void test(
  'features of QM9 molecules are those of physicsml: charges, rings, tetrahedral tags, bond orders',
  { skip: existsSync(qm9) ? false : 'needs ../shared/reference/golden (QM9 molecules are not committed)' },
  async () => checkFile(qm9),
);

interface SmilesFile {
  readonly config: Readonly<Record<string, unknown>>;
  readonly molecules: readonly {
    readonly smiles: string;
    readonly coordinates: readonly (readonly number[])[];
    readonly binary: string;
    readonly v3000: string;
    readonly features: Expected;
  }[];
  readonly blocks: readonly { readonly smiles: string; readonly v2000: string; readonly v3000: string; readonly features: Expected }[];
}

const smilesFile = JSON.parse(readFileSync(join(golden, 'd_smiles.json'), 'utf8')) as SmilesFile;
const metadataOf = (config: Readonly<Record<string, unknown>>) => [
  { column: 'molecule', representations: [{ name: 'physicsml_features', config, as: '{feature_name}' }] },
];

void test('features of SMILES with coordinates are those of physicsml on the same molecules', async () => {
  const featuriser = await createFeaturiser(metadataOf(smilesFile.config), ['molecule', 'coordinates']);
  assert.deepEqual(featuriser.inputs, ['molecule', 'coordinates']);
  for (const { smiles, coordinates, features } of smilesFile.molecules) {
    // RDKit binaries, which the original read, hold coordinates in float32.
    check(featuriser.featurise({ molecule: smiles, coordinates }), features, 1e-6, smiles);
  }
});

void test('features of RDKit binaries are those of physicsml on the same bytes', async () => {
  const featuriser = await createFeaturiser(metadataOf(smilesFile.config), ['molecule']);
  for (const { smiles, binary, features } of smilesFile.molecules) {
    check(featuriser.featurise({ molecule: Buffer.from(binary, 'base64') }), features, 0, smiles);
  }
});

void test('a V3000 mol block gives the atoms, charges and bonds that physicsml sees', async () => {
  // Aromatic bonds are written as single and double ones, and stereo is not perceived from coordinates: those two are left out.
  const config = { ...smilesFile.config, atom_features: ['degree', 'formal_charge', 'is_in_ring'], bond_features: ['is_in_ring'] };
  const featuriser = await createFeaturiser(metadataOf(config), ['molecule']);
  for (const { smiles, v3000, features } of smilesFile.molecules) {
    const atomFeatures = features.physicsml_atom_features?.map(([, degree, charge, ring]) => [degree, charge, ring]);
    const bondFeatures = features.physicsml_bond_features?.map(([ring]) => [ring]);
    const expected = { ...features, physicsml_atom_features: atomFeatures, physicsml_bond_features: bondFeatures } as Expected;
    check(featuriser.featurise({ molecule: v3000 }), expected, 1e-6, smiles);
  }
});

void test('mol blocks with a geometry give all features that physicsml sees, tetrahedral tags included', async () => {
  const featuriser = await createFeaturiser(metadataOf(smilesFile.config), ['molecule']);
  assert.ok(smilesFile.blocks.some(({ features }) => features.physicsml_atom_features?.some((values) => values.at(-1) !== 0)));
  for (const { smiles, v2000, v3000, features } of smilesFile.blocks) {
    check(featuriser.featurise({ molecule: v2000 }), features, 5.1e-5, `${smiles}, V2000`);
    check(featuriser.featurise({ molecule: v3000 }), features, 5.1e-7, `${smiles}, V3000`);
  }
});
