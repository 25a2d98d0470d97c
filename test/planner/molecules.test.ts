import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { buildGraphBatch } from '../../src/data/graphs/build-graph-batch.ts';
import { checkDataUnchanged, materialiseData } from '../../src/data/materialise-data.ts';
import { resolveSections } from '../../src/plan/resolve-sections.ts';
import { stageKeyDocument } from '../../src/plan/stage-key.ts';
import { formatPlan } from '../../src/reports/plan-report.ts';
import { createMemoryStore, failure, makeDirectory, openGraphs, readable } from '../data/data-fixtures.ts';
import { writeRows } from '../data/graphs/molecule-fixtures.ts';
import { planFile, writeRun } from './support.ts';

const QM9 = resolve(import.meta.dirname, '../../../shared/reference/data/gdb9_1000.parquet');

/** The physicsml tutorial's model on a source of molecules. */
function tutorial(
  source: string,
  options: { readonly datamodule?: JsonObject; readonly config?: JsonObject; readonly x?: readonly string[] } = {},
): JsonObject {
  const { datamodule, config, x = [] } = options;
  return {
    name: 'tutorial',
    data: { source, row_id: 'mol_id', split: { name: 'shuffle_split' } },
    model: {
      name: 'egnn_model',
      config: {
        x_features: ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates', ...x],
        y_features: ['u0'],
        num_node_feats: 5,
        num_layers: 2,
        c_hidden: 12,
        y_graph_scalars_loss_config: { name: 'MSELoss' },
        datamodule: { y_graph_scalars: ['u0'], num_elements: 5, cut_off: 5.0, train: { batch_size: 8 }, ...datamodule },
        trainer: { max_epochs: 1 },
        ...config,
      },
    },
    output: { path: 'models/tutorial' },
  };
}

/** Chains of 3 to 6 atoms, 1.2 Angstrom apart. */
async function writeMolecules(t: TestContext, count = 60): Promise<string> {
  const directory = await makeDirectory(t);
  const rows = Array.from({ length: count }, (_, k) => {
    const atoms = 3 + (k % 4);
    return {
      mol_id: `m${k}`,
      physicsml_atom_idxs: Array.from({ length: atoms }, (__, atom) => atom),
      physicsml_atom_numbers: Array.from({ length: atoms }, (__, atom) => (k + atom) % 5),
      physicsml_coordinates: Array.from({ length: atoms }, (__, atom) => [atom * 1.2, (k % 7) * 0.1 * atom, 0]),
      physicsml_total_atomic_energy: -k,
      u0: k / 10,
    };
  });
  await writeRows(join(directory, 'molecules.jsonl'), rows);
  return directory;
}

async function planned(directory: string, document: JsonObject): Promise<Plan> {
  return (await planFile(await writeRun(directory, 'run.yaml', document))).plan;
}

test('a run of molecules is planned: columns, neighbours, counts of atoms and edges, and what the model may know of them', async (t) => {
  const directory = await writeMolecules(t);
  const plan = await planned(directory, tutorial('molecules.jsonl', { x: ['physicsml_total_atomic_energy'] }));
  assert.deepEqual(plan.data.request.x, []);
  assert.equal(plan.data.request.graph?.totalAtomicEnergy, 'physicsml_total_atomic_energy');
  assert.deepEqual(plan.stages[0]?.datamodule.neighbours, { cutOff: 5, selfInteraction: false, cell: null });
  assert.deepEqual(plan.model.facts.graph, {
    numElements: 5,
    nodeAttrWidth: 0,
    edgeAttrWidth: 0,
    graphAttrWidth: 0,
    hasTotalAtomicEnergy: true,
    cutOff: 5,
    targets: { y_graph_scalars: 1 },
  });
  const nodes = Object.values(plan.data.facts.graph?.nodes ?? {}).reduce((sum, count) => sum + count, 0);
  assert.equal(nodes, 15 * (3 + 4 + 5 + 6));
});

test('what is planned is what is materialised, and a batch of it has the edges that were counted', async (t) => {
  const plan = await planned(await writeMolecules(t), tutorial('molecules.jsonl'));
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(plan.data.request, store.put);
  checkDataUnchanged(plan.data.facts, facts);
  const dataset = await openGraphs(readable(store.blobs.get(blobs.train?.digest ?? '')));
  const neighbours = plan.stages[0]?.datamodule.neighbours;
  assert.ok(neighbours !== null && neighbours !== undefined);
  const batch = buildGraphBatch(
    dataset,
    Array.from({ length: dataset.rows }, (_, row) => row),
    neighbours,
  );
  assert.equal(batch.numEdges, plan.data.facts.graph?.edges.train);
  assert.equal(batch.numNodes, plan.data.facts.graph?.nodes?.train);
});

test('a stage with another cut_off has another key, and only molecules have neighbours in theirs', async (t) => {
  const directory = await writeMolecules(t);
  const key = (plan: Plan) =>
    stageKeyDocument({ plan, stage: 0, inputWeightsSha256: 'w', maskDigest: 'm', dataDigests: { train: 'd' } }) as {
      readonly datamodule: JsonObject;
    };
  const [five, three] = [
    key(await planned(directory, tutorial('molecules.jsonl'))),
    key(await planned(directory, tutorial('molecules.jsonl', { datamodule: { cut_off: 3 } }))),
  ];
  assert.deepEqual(five.datamodule['neighbours'], { cutOff: 5, selfInteraction: false, cell: null });
  assert.deepEqual(three.datamodule['neighbours'], { cutOff: 3, selfInteraction: false, cell: null });
});

test("physicsml's old names of batch sizes win over their section, are overridden by stages, and are warned about", async (t) => {
  const datamodule = { train_batch_size: 5, validation_batch_size: 3 };
  const plan = await planned(await writeMolecules(t), tutorial('molecules.jsonl', { datamodule }));
  assert.deepEqual([plan.stages[0]?.datamodule.train.batchSize, plan.stages[0]?.datamodule.validation.batchSize], [5, 3]);
  assert.equal(plan.warnings.filter((text) => /_batch_size, an old name/.test(text)).length, 2);
  const none = { trainer: undefined, datamodule: undefined, optimizer: undefined, scheduler: undefined };
  const defaults = { optimizer: { name: 'Adam', config: {} }, scheduler: null } as const;
  const stage = { ...none, datamodule: { train: { batch_size: 2 } } };
  const resolved = resolveSections({ ...none, datamodule }, stage, defaults).datamodule.value as { readonly train: JsonObject };
  assert.equal(resolved.train['batch_size'], 2);
});

test('hyperparameters that contradict the data name both values', async (t) => {
  const directory = await writeMolecules(t);
  const error = await failure(() => planned(directory, tutorial('molecules.jsonl', { config: { num_node_feats: 7 } })));
  assert.equal(error.code, 'MODEL_CONFIG_INVALID');
  assert.match(error.message, /7/);
  assert.match(error.message, /5/);
});

test('a batch with more edges than memory allows is refused before anything is allocated', async (t) => {
  const directory = await makeDirectory(t);
  const atoms = 2100;
  const cube = Array.from({ length: atoms }, (_, k) => [k % 13, Math.floor(k / 13) % 13, Math.floor(k / 169)]);
  const row = (k: number) => ({ mol_id: k, physicsml_atom_numbers: cube.map(() => 0), physicsml_coordinates: cube, u0: 0 });
  await writeRows(
    join(directory, 'molecules.jsonl'),
    Array.from({ length: 4 }, (_, k) => row(k)),
  );
  const document = tutorial('molecules.jsonl', { datamodule: { cut_off: 100, train: { batch_size: 2 } } });
  const separate = { ...document, data: { train: 'molecules.jsonl', row_id: 'mol_id' } };
  const error = await failure(() => planned(directory, separate));
  assert.equal(error.code, 'GRAPH_TOO_LARGE');
  assert.match(
    error.message,
    /datamodule\.train\.batch_size: 2 molecules of up to 2100 atoms may make \d+ edges or more within cut_off 100 Angstrom/,
  );
});

test('crystals whose cut_off reaches too many images are refused at once, in the base and in a stage, and legal ones are planned', async (t) => {
  const directory = await writeMolecules(t);
  const cell = { pbc: [true, true, true], cell: [[9, 0, 0], [1, 8, 0], [0, 0, 7]] }; // biome-ignore format: three short vectors
  const document = (datamodule: JsonObject) => tutorial('molecules.jsonl', { datamodule: { ...cell, ...datamodule } });
  const legal = await planned(directory, document({ cut_off: 12 }));
  assert.ok((legal.data.facts.graph?.mostEdges ?? 0) > 300, 'neighbours in other cells are counted');
  for (const cutOff of [400, 1e9]) {
    const error = await failure(() => planned(directory, document({ cut_off: cutOff })));
    assert.equal(error.code, 'GRAPH_TOO_LARGE');
    assert.match(error.message, /datamodule\.train\.batch_size: 8 molecules of up to 6 atoms may make \d+ edges or more within cut_off/);
  }
  const pre_trained_model_path = resolve(import.meta.dirname, '../fixtures/golden/a_saved_egnn/model');
  const stages = [{ datamodule: { cut_off: 400 } }];
  const staged = tutorial('molecules.jsonl', {
    config: { transfer_learning: { pre_trained_model_path, modules_to_match: { egnn: 'egnn' }, stages } },
    datamodule: { ...cell, cut_off: 0.5 },
  });
  assert.match((await failure(() => planned(directory, staged))).message, /stages\.0\.datamodule\.train\.batch_size: 8 molecules/);
});

test('columns that the data lacks come from the featurisation of the run file, inline or beside it', async (t) => {
  const directory = await makeDirectory(t);
  const rows = Array.from({ length: 40 }, (_, k) => ({
    mol_id: k,
    atomic_numbers: [8, 1, 1],
    coordinates: [
      [0, 0, 0],
      [0.96, 0, 0],
      [0, 0.96, k / 100],
    ],
    u0: k,
  }));
  await writeRows(join(directory, 'raw.jsonl'), rows);
  const config = [
    {
      column: 'mol_bytes',
      representations: [
        { name: 'physicsml_features', as: '{feature_name}', config: { atomic_number_mapping: { '1': 0, '8': 3 }, backend: 'rdkit' } },
      ],
    },
  ];
  await writeFile(join(directory, 'featurisation_metadata.json'), JSON.stringify({ version: 1, config }));
  const document = tutorial('raw.jsonl');
  const data = document['data'] as JsonObject;
  const [inline, beside] = [
    await planned(directory, { ...document, data: { ...data, featurisation: config } }),
    await planned(directory, { ...document, data: { ...data, featurisation: 'featurisation_metadata.json' } }),
  ];
  assert.equal(inline.data.facts.graph?.largestAtomNumber, 3);
  assert.deepEqual(beside.data.facts, inline.data.facts);
  const missing = { ...document, data: { ...data, featurisation: 'nothing.json' } };
  assert.equal((await failure(() => planned(directory, missing))).code, 'FILE_NOT_FOUND');
});

test('the tutorial on 1,000 QM9 molecules is planned and materialised', {
  skip: existsSync(QM9) ? false : `${QM9} is not there: real molecules are not part of the project`,
}, async (t) => {
  const plan = await planned(await makeDirectory(t), tutorial(QM9, { x: ['physicsml_total_atomic_energy'] }));
  const { graph, splits } = plan.data.facts;
  const rows = Object.values(splits).reduce((sum, split) => sum + split.rows, 0);
  const edges = Object.values(graph?.edges ?? {}).reduce((sum, count) => sum + count, 0);
  assert.equal(rows, 1000);
  // counted by physicsml 0.6.0 on the same rows: 18,063 atoms and 281,928 edges
  assert.deepEqual([Object.values(graph?.nodes ?? {}).reduce((sum, count) => sum + count, 0), edges], [18_063, 281_928]);
  const store = createMemoryStore();
  const { facts } = await materialiseData(plan.data.request, store.put);
  checkDataUnchanged(plan.data.facts, facts);
});

test('the same batch fits a small model and is refused for a wide one, which takes more memory for each edge', async (t) => {
  const directory = await makeDirectory(t);
  const atoms = 300;
  const cube = Array.from({ length: atoms }, (_, k) => [k % 7, Math.floor(k / 7) % 7, Math.floor(k / 49)]);
  const row = (k: number) => ({ mol_id: k, physicsml_atom_numbers: cube.map(() => 0), physicsml_coordinates: cube, u0: 0 });
  await writeRows(
    join(directory, 'molecules.jsonl'),
    Array.from({ length: 4 }, (_, k) => row(k)),
  );
  const data = { train: 'molecules.jsonl', row_id: 'mol_id' };
  const document = (hidden: number) => ({
    ...tutorial('molecules.jsonl', { config: { c_hidden: hidden }, datamodule: { cut_off: 100, train: { batch_size: 2 } } }),
    data,
  });
  await planned(directory, document(12));
  const error = await failure(() => planned(directory, document(200)));
  assert.equal(error.code, 'GRAPH_TOO_LARGE');
  assert.match(error.message, /this model takes about 37\.5 KiB for each/);
});

test('a run file that makes the pre-trained model with another cut_off and activation is warned about, and plans', async (t) => {
  const directory = await writeMolecules(t);
  await writeRun(directory, 'first.yaml', { ...tutorial('molecules.jsonl'), name: 'first', output: { path: 'models/first' } });
  const warnings = async (now: { readonly config?: JsonObject; readonly datamodule?: JsonObject }) => {
    const transfer_learning = { pre_trained_model_path: 'first.yaml', modules_to_match: { egnn: 'egnn' }, stages: [{}] };
    return (await planned(directory, tutorial('molecules.jsonl', { ...now, config: { ...now.config, transfer_learning } }))).warnings;
  };
  assert.deepEqual(await warnings({ config: { scaling_std: 5 } }), []);
  const [text = ''] = await warnings({ config: { mlp_activation: 'ReLU' }, datamodule: { cut_off: 4 } });
  assert.match(text, /datamodule\.cut_off was 5 in the pre-trained model, is 4 here; mlp_activation was "SiLU" [^\n]*, is "ReLU" here/);
});

test('the plan of molecules shows the mean number of neighbours, and warns of a cut_off that leaves atoms without any', async (t) => {
  const directory = await writeMolecules(t);
  const good = await planned(directory, tutorial('molecules.jsonl'));
  // chains of 3 to 6 atoms: 3.5 neighbours where all are within 5 Angstrom, and the ends of long ones are not
  assert.match(formatPlan(good), /\nAn atom has 3\.\d neighbours on average within cut_off 5 Angstrom\.\n/u);
  assert.ok(!good.warnings.some((text) => text.includes('cut_off')));
  const nanometres = await planned(directory, tutorial('molecules.jsonl', { datamodule: { cut_off: 0.5 } }));
  assert.match(formatPlan(nanometres), /\nAn atom has 0 neighbours on average within cut_off 0\.5 Angstrom\.\n/u);
  assert.match(formatPlan(nanometres), /\nWarning: Within cut_off 0\.5 Angstrom .*cut_off is in Angstrom/u);
});
