import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

/** An egnn_model of five kinds of atoms, as physicsml saved it. */
const MODEL = join(import.meta.dirname, '../fixtures/golden/a_saved_egnn/model');

const GOOD = {
  physicsml_atom_idxs: [0, 1],
  physicsml_atom_numbers: [0, 1],
  physicsml_coordinates: [
    [0, 0, 0],
    [1, 0, 0],
  ],
  lumo: 0,
};

const withAtoms = (...physicsml_coordinates: readonly (readonly unknown[])[]) => ({ ...GOOD, physicsml_coordinates });

/** 2,100 atoms on a grid of 0.2 Angstrom: all 4.4 million directed pairs are within the model's cut_off of 5 Angstrom, or nearly all. */
const CROWD = {
  ...GOOD,
  physicsml_atom_numbers: Array.from({ length: 2100 }, () => 0),
  physicsml_coordinates: Array.from({ length: 2100 }, (_, k) => [(k % 13) / 5, (Math.floor(k / 13) % 13) / 5, Math.floor(k / 169) / 5]),
};

const { physicsml_coordinates: _coordinates, ...WITHOUT } = GOOD;

/** What one file may hold, row by row after a good molecule; every row is named in one error. */
const ROWS: readonly (readonly [molecule: object, message: RegExp])[] = [
  [{ ...GOOD, physicsml_atom_numbers: [0, 7] }, /row 1 [^\n]*atom 1: expected a class 0 \.\. 4 [^\n]*received 7/u],
  [{ ...withAtoms(), physicsml_atom_numbers: [] }, /row 2 [^\n]*a molecule with no atoms/u],
  [withAtoms([1, 2, 3], [1, 2, 3]), /row 3 [^\n]*atoms 0 and 1 are in the same place/u],
  [withAtoms([0, 0, 0]), /row 4 [^\n]*for each of 2 atoms, received a list of shape \[1, 3\]/u],
  [withAtoms([0, 0, 0], [1e300, 0, 0]), /row 5 [^\n]*expected finite numbers, received 1e\+300/u],
];

/** Predicts and judges, and gives what went wrong in each case. */
async function failures(t: TestContext, rows: readonly object[], model = MODEL): Promise<readonly string[]> {
  const directory = await temporaryDirectory(t);
  const data = join(directory, 'in.jsonl');
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const out = join(directory, 'out.csv');
  const found: string[] = [];
  for (const words of [
    ['predict', '--model', model, '--data', data, '--out', out],
    ['evaluate', model, data],
  ]) {
    const { exitCode, stderr } = await captureCli(t, words);
    assert.equal(exitCode, 2, `${words[0]}: ${stderr}`);
    found.push(stderr);
  }
  assert.equal(existsSync(out), false, 'no half of a file is left');
  return found;
}

test('molecules that are none are refused with their rows, when a saved model predicts and when it is judged', async (t) => {
  for (const error of await failures(t, [GOOD, ...ROWS.map(([molecule]) => molecule)])) {
    assert.match(error, /^MOLECULE_INVALID: /mu);
    for (const [, message] of ROWS) assert.match(error, message);
  }
});

test('a column that is missing is named, also where a featurisation could make it', async (t) => {
  for (const error of await failures(t, [WITHOUT])) {
    assert.match(error, /^COLUMN_NOT_FOUND: [^\n]*not there: "physicsml_coordinates"[^\n]*"mol_bytes"/mu);
  }
});

test('more edges than memory allows are refused before anything is allocated', async (t) => {
  for (const error of await failures(t, [GOOD, CROWD])) {
    assert.match(
      error,
      /^GRAPH_TOO_LARGE: [^]*2 molecules of up to 2100 atoms[^]*cut_off 5 Angstrom[^]*\nFix: give a smaller --batch-size/mu,
    );
  }
});

test('a crystal whose cut_off reaches too many images is refused at once', async (t) => {
  const model = join(await temporaryDirectory(t), 'model');
  await cp(MODEL, model, { recursive: true });
  const path = join(model, 'model_config.json');
  const document = JSON.parse(await readFile(path, 'utf8'));
  const cell = [
    [1.1, 0, 0],
    [0, 1.1, 0],
    [0, 0, 1.1],
  ];
  Object.assign(document.config.datamodule, { cell, pbc: [true, true, true], cut_off: 400 });
  await writeFile(path, JSON.stringify(document));
  for (const error of await failures(t, [GOOD, GOOD], model)) {
    assert.match(error, /^GRAPH_TOO_LARGE: [^]*2 molecules of up to 2 atoms may make \d+ edges or more/mu);
  }
});
