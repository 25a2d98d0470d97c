import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { parseRun } from '../../src/config/parse-run.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { builtinModels } from '../../src/models/registry.ts';

/** What one half of physicsml's tutorial gives to molflux: test/fixtures/physicsml-tutorial.json. */
interface Half {
  readonly model: JsonObject;
  readonly split: JsonObject & { readonly presets: JsonObject };
  readonly featurisation: { readonly version: number; readonly config: readonly JsonObject[] };
}

const root = join(import.meta.dirname, '../..');
const tutorial = JSON.parse(await readFile(join(root, 'test/fixtures/physicsml-tutorial.json'), 'utf8')) as Readonly<
  Record<'lumo' | 'u0', Half>
>;

for (const [half, path] of [
  ['lumo', null],
  ['u0', 'models/qm9-lumo'],
] as const) {
  test(`examples/molecules/qm9-${half}.yaml has the tutorial's model_config, featurisation and split, and no other`, async () => {
    const { model, split, featurisation } = tutorial[half];
    const text = await readFile(join(root, `examples/molecules/qm9-${half}.yaml`), 'utf8');
    const { written } = parseRun(text, { source: `qm9-${half}.yaml`, models: builtinModels });
    assert.deepEqual(written.model, path === null ? model : withPreTrained(model, path));
    const { data } = written as unknown as { readonly data: { readonly split: JsonObject; readonly featurisation: unknown } };
    assert.deepEqual(data.featurisation, featurisation.config);
    assert.deepEqual({ name: 'shuffle_split', ...data.split }, split);
  });
}

/** The tutorial saves its first model as pre_trained_model; here each run publishes where its `output.path` says. */
function withPreTrained(model: JsonObject, path: string): JsonObject {
  const config = model['config'] as JsonObject;
  const transfer = config['transfer_learning'] as JsonObject;
  assert.equal(transfer['pre_trained_model_path'], 'pre_trained_model');
  return { ...model, config: { ...config, transfer_learning: { ...transfer, pre_trained_model_path: path } } };
}
