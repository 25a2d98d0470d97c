import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ocl from 'openchemlib';
import { buildMolecule } from '../../examples/molecules/build-molecule.ts';
import { enumerateSmiles } from '../../examples/molecules/enumerate-smiles.ts';
import { parseMolBlock } from '../../src/molecules/mol-block.ts';

void test("the example's SMILES are the same in every run, of C, N, O and F with at most nine heavy atoms", () => {
  const all = enumerateSmiles(1);
  assert.deepEqual(enumerateSmiles(1), all);
  assert.notDeepEqual(enumerateSmiles(2).slice(0, 10), all.slice(0, 10));
  assert.deepEqual([...enumerateSmiles(2)].sort(), [...all].sort(), 'a seed decides the order only');
  for (const smiles of all.slice(0, 500)) {
    const mol = ocl.Molecule.fromSmiles(smiles);
    assert.ok(mol.getAtoms() <= 9, smiles);
    for (let i = 0; i < mol.getAtoms(); i += 1) assert.match(mol.getAtomLabel(i), /^[CNOF]$/u, smiles);
  }
});

void test('a molecule of the example has a geometry of the force field, an estimate from bond enthalpies and an energy', () => {
  ocl.Resources.registerFromNodejs();
  const methanol = buildMolecule('CO');
  assert.ok(methanol !== undefined);
  assert.deepEqual(buildMolecule('CO'), methanol);
  // C + O + 4 H, less C-O (360), O-H (463) and 3 C-H (412 kJ/mol).
  const expected = -38.07749583990695 - 75.22521603087064 - 4 * 0.6019805629746086 - (360 + 463 + 3 * 412) / 2625.4996;
  assert.ok(Math.abs(methanol.estimate - expected) < 1e-9);
  // MMFF94 gives methanol a few kcal/mol at most.
  assert.ok(Math.abs(methanol.energy - methanol.estimate) < 0.02);
  const { atoms, bonds, coordinates } = parseMolBlock(methanol.molBlock, 'mol_block');
  assert.deepEqual(
    atoms.map(({ number }) => number),
    [6, 8, 1, 1, 1, 1],
  );
  assert.equal(bonds.length, 5);
  const distance = Math.hypot(...[0, 1, 2].map((k) => (coordinates[k] as number) - (coordinates[3 + k] as number)));
  assert.ok(Math.abs(distance - 1.42) < 0.02, `C-O is ${distance} Angstrom`);
  assert.equal(buildMolecule('CON'), undefined, 'N-O is not in the table of bond enthalpies');
});
