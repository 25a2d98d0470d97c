import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.ts';
import type { RootstockError } from '../../src/errors.ts';
import { createFeaturiser } from '../../src/molecules/featuriser.ts';
import { isInstalled } from '../../src/molecules/packages.ts';

const representation = {
  name: 'physicsml_features',
  as: '{feature_name}',
  config: { backend: 'rdkit', atomic_number_mapping: { 1: 0, 6: 1, 8: 2 } },
};
const metadata = { version: 1, config: [{ column: 'mol_bytes', representations: [representation] }] };
const ATOMS = ['atomic_numbers', 'coordinates'];

/** A machine on which neither optional package is installed. */
const nothingInstalled = (name: string): boolean =>
  isInstalled(name as Parameters<typeof isInstalled>[0], () => {
    throw new Error(`Cannot find module '${name}'`);
  });

async function messageOf(value: unknown, columns: readonly string[]): Promise<string> {
  const featuriser = await createFeaturiser(metadata, columns, { hasPackage: nothingInstalled });
  let message = '';
  assert.throws(
    () => featuriser.featurise({ mol_bytes: value, coordinates: [[0, 0, 0]] }),
    (error: RootstockError) => {
      assert.equal(error.code, 'PACKAGE_MISSING');
      ({ message } = error);
      return true;
    },
  );
  return message;
}

void test('packages of the development dependencies are found, and those that no resolver finds are not', () => {
  for (const name of ['@rdkit/rdkit', 'openchemlib'] as const) {
    assert.equal(isInstalled(name), true);
    assert.equal(nothingInstalled(name), false);
  }
});

void test('a row that needs a package that is not installed says which, for what, and how to install it', async () => {
  const rdkit =
    'mol_bytes: reading SMILES with coordinates, or RDKit molecules, needs @rdkit/rdkit, which is not installed. Fix: npm install @rdkit/rdkit';
  assert.equal(await messageOf('C', ['mol_bytes', 'coordinates']), rdkit);
  assert.equal(await messageOf(new Uint8Array([1, 2, 3]), ['mol_bytes']), rdkit);
  assert.equal(
    await messageOf('C', ['mol_bytes']),
    'mol_bytes: making conformers of SMILES without coordinates needs openchemlib, which is not installed. Fix: npm install openchemlib',
  );
  assert.equal(exitCodeOf('PACKAGE_MISSING'), EXIT.environment);
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  assert.ok(page.includes(`PACKAGE_MISSING: ${rdkit}\n`), 'docs/errors.md shows this very message');
});

void test('atoms with coordinates and mol blocks need no package', async () => {
  const atoms = await createFeaturiser(metadata, ATOMS, { hasPackage: nothingInstalled });
  assert.deepEqual(Array.from(atoms.featurise({ atomic_numbers: [8], coordinates: [[0, 0, 0]] }).atomNumbers), [2]);
  const block = [
    'water',
    '  test    01010101013D',
    '',
    '  1  0  0  0  0  0  0  0  0  0999 V2000',
    '    0.0000    0.0000    0.0000 O   0  0',
    'M  END',
    '',
  ];
  const blocks = await createFeaturiser(metadata, ['mol_bytes'], { hasPackage: nothingInstalled });
  assert.equal(blocks.featurise({ mol_bytes: block.join('\n') }).atomNumbers[0], 2);
});
