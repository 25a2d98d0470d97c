import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { TensorData, Weights } from '../../src/contracts/tensors.ts';
import { captureCli } from '../helpers/cli.ts';

let directory = '';

const tensor = (...shape: number[]): TensorData => ({ shape, dtype: 'float32', data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });

/** The weights of an mlp_classifier with 2 inputs, 4 hidden units and 2 classes. */
const GOOD_WEIGHTS: Weights = new Map([
  ['module.0.weight', tensor(4, 2)],
  ['module.0.bias', tensor(4)],
  ['module.2.weight', tensor(2, 4)],
  ['module.2.bias', tensor(2)],
]);

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rootstock-bad-input-'));
  const rows = Array.from({ length: 20 }, (_, row) => `${row},${row / 10},${(row * 7) % 5},${row % 2 === 0 ? 'a' : 'b'}`);
  await writeFile(join(directory, 'train.csv'), ['id,u,v,label', ...rows].join('\n'));
  await writeFile(join(directory, 'nan.csv'), ['id,u,v,label', ...rows.with(3, '3,nan,1,a')].join('\n'));
  await writeFile(join(directory, 'label.csv'), ['id,u,v,label', ...rows.with(5, '5,1,1,zebra')].join('\n'));
  await writeWeights('good', GOOD_WEIGHTS);
  await writeWeights('wide', new Map(GOOD_WEIGHTS).set('module.0.weight', tensor(9, 2)));
  await writeWeights('integer', new Map(GOOD_WEIGHTS).set('module.0.bias', { shape: [4], dtype: 'int64', data: new Int32Array(4) }));
  const good = encode(GOOD_WEIGHTS);
  await writeFile(join(directory, 'truncated.safetensors'), good.subarray(0, good.length - 10));
  await writeFile(join(directory, 'oversized.safetensors'), Buffer.concat([good, Buffer.alloc(8)]));
  await writeFile(join(directory, 'overlapping.safetensors'), overlapping());
});

after(() => rm(directory, { recursive: true, force: true }));

interface Case {
  readonly title: string;
  readonly code: string;
  /** What the message must name. */
  readonly names: readonly RegExp[];
  readonly change: (run: Run) => void;
}

type Loose = { [key: string]: Loose & string };

interface Run {
  readonly text: () => string;
  config: Record<string, unknown>;
  transfer: Record<string, unknown>;
  stages: Record<string, unknown>[];
  data: Record<string, unknown>;
  top: Record<string, unknown>;
}

const CASES: readonly Case[] = [
  {
    title: 'an unknown key at the top',
    code: 'CONFIG_INVALID',
    names: [/outptu/u, /did you mean "output"/iu, /:\d+:\d+/u],
    change: ({ top }) => void (top['outptu'] = {}),
  },
  {
    title: 'an unknown key deep inside',
    code: 'CONFIG_INVALID',
    names: [/optimizer\.config\.learning_rate/u],
    change: ({ config }) => void (config['optimizer'] = { name: 'Adam', config: { learning_rate: 1 } }),
  },
  {
    title: 'a wrong type',
    code: 'CONFIG_INVALID',
    names: [/max_epochs/u, /many/u],
    change: ({ config }) => void (config['trainer'] = { max_epochs: 'many' }),
  },
  {
    title: 'a missing data file',
    code: 'FILE_NOT_FOUND',
    names: [/nowhere\.csv/u],
    change: ({ data }) => void (data['train'] = 'nowhere.csv'),
  },
  {
    title: 'a missing pre-trained model',
    code: 'FILE_NOT_FOUND',
    names: [/nothing-here/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'nothing-here'),
  },
  {
    title: 'a module name absent in the pre-trained model',
    code: 'MODULE_NOT_FOUND',
    names: [/modul\.0/u, /module\.0/u],
    change: ({ transfer }) => void (transfer['modules_to_match'] = { 'modul.0': 'module.0' }),
  },
  {
    title: 'a module name absent in the new model',
    code: 'MODULE_NOT_FOUND',
    names: [/module\.7/u],
    change: ({ transfer }) => void (transfer['modules_to_match'] = { 'module.0': 'module.7' }),
  },
  {
    title: 'a shape mismatch',
    code: 'SHAPE_MISMATCH',
    names: [/\[4, 2\]/u, /\[9, 2\]/u, /module\.0\.weight/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'wide.safetensors'),
  },
  {
    title: 'a dtype mismatch',
    code: 'DTYPE_MISMATCH',
    names: [/module\.0\.bias/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'integer.safetensors'),
  },
  {
    title: 'an empty mapping',
    code: 'MAPPING_EMPTY',
    names: [/modules_to_match/u],
    change: ({ transfer }) => void (transfer['modules_to_match'] = {}),
  },
  {
    title: 'a freeze name that matches nothing',
    code: 'FREEZE_NAME_NOT_FOUND',
    names: [/modlue/u],
    change: ({ stages }) => void ((stages[0] ?? {})['freeze_modules'] = ['modlue.0']),
  },
  {
    title: 'everything frozen',
    code: 'EVERYTHING_FROZEN',
    names: [/freeze_modules|frozen/u],
    change: ({ stages }) => void ((stages[0] ?? {})['freeze_modules'] = ['module.0', 'module.2']),
  },
  { title: 'no stages', code: 'CONFIG_INVALID', names: [/stages/u], change: ({ transfer }) => void (transfer['stages'] = []) },
  {
    title: 'a stage override that makes an invalid whole',
    code: 'STAGE_INVALID',
    names: [/stages\.0|stage-1/u, /nesterov|momentum/u],
    change: ({ stages }) => void ((stages[0] ?? {})['optimizer'] = { name: 'SGD', config: { lr: 1, nesterov: true } }),
  },
  {
    title: 'drop_last leaving no batch',
    code: 'NO_BATCHES',
    names: [/batch_size/u, /20/u],
    change: ({ config }) => void (config['datamodule'] = { train: { batch_size: 50 } }),
  },
  {
    title: 'a column that is not there',
    code: 'COLUMN_NOT_FOUND',
    names: [/"?w"?/u, /"?u"?/u],
    change: ({ config }) => void (config['x_features'] = ['u', 'w']),
  },
  { title: 'a label out of range', code: 'LABEL_OUT_OF_RANGE', names: [/zebra/u], change: ({ data }) => void (data['test'] = 'label.csv') },
  { title: 'NaN in the data', code: 'DATA_NOT_FINITE', names: [/row/iu, /"?u"?/u], change: ({ data }) => void (data['train'] = 'nan.csv') },
  {
    title: 'a truncated safetensors file',
    code: 'CHECKPOINT_INVALID',
    names: [/truncated\.safetensors/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'truncated.safetensors'),
  },
  {
    title: 'an overlapping safetensors file',
    code: 'CHECKPOINT_INVALID',
    names: [/overlapping\.safetensors/u, /overlap/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'overlapping.safetensors'),
  },
  {
    title: 'an oversized safetensors file',
    code: 'CHECKPOINT_INVALID',
    names: [/oversized\.safetensors/u],
    change: ({ transfer }) => void (transfer['pre_trained_model_path'] = 'oversized.safetensors'),
  },
  {
    title: 'a parameter budget exceeded',
    code: 'PARAMETER_BUDGET',
    names: [/45/u],
    change: ({ config, top }) => {
      config['hidden_dim'] = 20_000_000;
      delete config['transfer_learning'];
      top['name'] = 'too-big';
    },
  },
  {
    title: 'an accelerator that this machine does not have',
    code: 'BACKEND_UNAVAILABLE',
    names: [/tfjs-node/u, /doctor/u],
    change: ({ config }) => void (config['trainer'] = { accelerator: 'gpu' }),
  },
  {
    title: 'a model that does not exist',
    code: 'UNKNOWN_MODEL',
    names: [/mlp_clasifier/u, /mlp_classifier/u],
    change: ({ top }) => void ((top['model'] as Loose)['name'] = 'mlp_clasifier' as Loose & string),
  },
  {
    title: 'a model of physicsml that is not built',
    code: 'NOT_AVAILABLE',
    names: [/"ani_model" is a model of physicsml/u, /Models: .*mean_var_egnn_model/u],
    change: ({ top }) => void ((top['model'] as Loose)['name'] = 'ani_model' as Loose & string),
  },
  {
    title: 'an option whose engine comes later',
    code: 'NOT_AVAILABLE',
    names: [/not available yet/u],
    change: ({ top }) => void (top['output'] = { path: 'out', stage: 'first' }),
  },
  {
    title: 'an output directory that belongs to something else',
    code: 'OUTPUT_EXISTS',
    names: [/taken/u],
    change: ({ top }) => void (top['output'] = { path: 'taken' }),
  },
];

for (const { title, code, names, change } of CASES) {
  test(`${title} is ${code}, exit 2, before anything is started or written`, async (context) => {
    const { result, written } = await runChanged(context, change);
    assert.match(result.stderr, new RegExp(`^${code}: `, 'mu'), result.stderr);
    for (const name of names) assert.match(result.stderr, name);
    assert.equal(result.exitCode, 2);
    assert.deepEqual(written, []);
  });
}

test('an inverted mapping is MAPPING_INVERTED and prints the corrected one', async (context) => {
  const renamed = new Map([...GOOD_WEIGHTS].map(([path, data]) => [path.replace('module', 'old'), data]));
  await writeWeights('renamed', renamed);
  const { result } = await runChanged(context, ({ transfer }) => {
    transfer['pre_trained_model_path'] = 'renamed.safetensors';
    transfer['modules_to_match'] = { 'module.0': 'old.0' };
  });
  assert.match(result.stderr, /^MAPPING_INVERTED: /mu, result.stderr);
  assert.match(result.stderr, /old\.0"?: "?module\.0/u);
  assert.equal(result.exitCode, 2);
});

test('several problems come in one error, each at its place', async (context) => {
  const { result } = await runChanged(context, ({ config, top }) => {
    config['trainer'] = { max_epoch: 1, accelerator: 'tpu' };
    top['sede'] = 3;
  });
  for (const place of [/max_epoch\b/u, /accelerator/u, /sede/u]) assert.match(result.stderr, place);
});

test('with --json a problem is one line with code and message', async (context) => {
  const { result } = await runChanged(context, ({ top }) => void (top['outptu'] = {}), ['--json']);
  const event = JSON.parse(result.stdout) as { event: string; code: string; message: string };
  assert.deepEqual([event.event, event.code], ['failed', 'CONFIG_INVALID']);
});

/** Runs a changed copy of a good run file; `written` lists what is new beside it, the scan cache apart. */
async function runChanged(context: TestContext, change: Case['change'], flags: readonly string[] = []) {
  const run = goodRun();
  change(run);
  const home = await mkdtemp(join(directory, 'case-'));
  await writeFile(join(directory, 'run.json'), run.text());
  if (!existsSync(join(directory, 'taken'))) await writeFile(join(directory, 'taken'), 'not ours');
  const before = await readdir(directory);
  const result = await captureCli(context, ['--state', join(home, 'state'), 'run', join(directory, 'run.json'), ...flags]);
  const state = existsSync(join(home, 'state')) ? await readdir(join(home, 'state')) : [];
  const written = [...(await readdir(directory)).filter((name) => !before.includes(name)), ...state.filter((name) => name !== 'cache')];
  return { result, written };
}

function goodRun(): Run {
  const stages: Record<string, unknown>[] = [{ freeze_modules: ['module.0'] }];
  const transfer: Record<string, unknown> = { pre_trained_model_path: 'good.safetensors', modules_to_match: null, stages };
  const config: Record<string, unknown> = { x_features: ['u', 'v'], y_features: ['label'], hidden_dim: 4, transfer_learning: transfer };
  const data: Record<string, unknown> = { train: 'train.csv', row_id: 'id' };
  const top: Record<string, unknown> = { name: 'bad-input', data, model: { name: 'mlp_classifier', config }, output: { path: 'out' } };
  return { top, config, transfer, stages, data, text: () => JSON.stringify(top, null, 1) };
}

async function writeWeights(name: string, weights: Weights): Promise<void> {
  await writeFile(join(directory, `${name}.safetensors`), encode(weights));
}

function encode(weights: Weights): Buffer {
  return Buffer.concat([...weightsToChunks(weights)].map((chunk) => Uint8Array.from(chunk)));
}

function overlapping(): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
    }).padEnd(128, ' '),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(12)]);
}

test('an empty --state, as an unset variable of a shell gives, is refused', async (t) => {
  const { exitCode, stderr } = await captureCli(t, ['--state', '', 'list']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^USAGE: --state: expected a directory, received ""\.\nFix: /u);
});
