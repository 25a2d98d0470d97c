import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { datamoduleSchema } from '../../src/config/datamodule-keys.ts';
import { sectionDefaults } from '../../src/config/section-defaults.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { builtinModels, findModel } from '../../src/models/registry.ts';
import { originalNames } from '../config/original-names.ts';
import { hasCode } from './support.ts';

/** Every key, type and default of physicsml 0.6.0 and molflux 0.8.0, listed by running them. Facts about them, not part of the project. */
const REFERENCE = fileURLToPath(new URL('../../../shared/reference/config_keys.json', import.meta.url));

type Keys = Readonly<Record<string, { readonly default: unknown }>>;
interface Reference {
  readonly sections: Readonly<Record<'TrainerConfig' | 'SchedulerConfig' | 'OptimizerConfig', Keys>>;
  readonly physicsml_sections: { readonly PhysicsMLDataModuleConfig: Keys };
  readonly models: Readonly<
    Record<
      string,
      { readonly own: Keys; readonly overridden_defaults: { readonly optimizer: JsonObject; readonly scheduler: JsonObject | null } }
    >
  >;
}

const reference = existsSync(REFERENCE) ? (JSON.parse(readFileSync(REFERENCE, 'utf8')) as Reference) : null;
const skip = reference === null ? 'the reference list of physicsml keys is not beside this checkout' : false;

const BUILT = ['adapter_egnn_model', 'egnn_model', 'lightning_mlp_regressor', 'mean_var_egnn_model', 'ssf_egnn_model'];

void test('of all models of physicsml and molflux, these are built, and every other one is refused by name with the list of those', () => {
  const names = Object.keys(originalNames.models);
  assert.equal(names.length, 20);
  for (const name of names) {
    if (BUILT.includes(name)) assert.doesNotThrow(() => findModel(name));
    else
      assert.throws(() => findModel(name), hasCode('NOT_AVAILABLE', new RegExp(`"${name}" .*not built[^]*use one of .*egnn_model`, 'u')));
  }
});

void test('models that are built have every hyperparameter of the original with its default, and its optimizer and scheduler', {
  skip,
}, () => {
  for (const name of BUILT) {
    const model = findModel(name);
    const { own, overridden_defaults: sections } = reference?.models[name] ?? assert.fail(name);
    const ours = model.hyperparameters(z).parse({}) as JsonObject;
    for (const [key, { default: value }] of Object.entries(own)) {
      // Ours come from the data: the number of columns in x_features and y_features, unless they are written.
      if (['input_dim', 'num_tasks', 'num_node_feats'].includes(key)) continue;
      assert.deepEqual(ours[key], value, `${name}.${key}`);
    }
    assert.deepEqual(model.defaults.optimizer, sections.optimizer, name);
    const { name: scheduler, config } = sections.scheduler ?? {};
    assert.deepEqual(model.defaults.scheduler, sections.scheduler === null ? null : { name: scheduler, config }, name);
  }
  assert.ok(builtinModels.length >= BUILT.length);
});

void test('defaults of the trainer, the optimizer and the scheduler are molflux’s, but for those that differ on purpose', { skip }, () => {
  const { TrainerConfig, SchedulerConfig, OptimizerConfig } = reference?.sections ?? assert.fail();
  const trainer = sectionDefaults('trainer');
  const others = Object.entries(TrainerConfig).filter(
    ([key, { default: value }]) => key in trainer && JSON.stringify(trainer[key]) !== JSON.stringify(value),
  );
  assert.deepEqual(Object.fromEntries(others.map(([key]) => [key, trainer[key]])), {
    default_root_dir: null, // nothing is written beside the run
    enable_checkpointing: true, // snapshots are always taken
    gradient_clip_algorithm: 'norm', // what Lightning takes null for
    num_sanity_val_steps: 2, // what Lightning takes null for
  });
  const { config, ...scheduler } = sectionDefaults('scheduler');
  for (const [key, { default: value }] of Object.entries(SchedulerConfig)) {
    if (key === 'config') assert.equal((config as JsonObject)['T_max'], (value as JsonObject)['T_max']);
    // val_loss is never logged there; here it is another name of what is.
    else assert.deepEqual(scheduler[key], key === 'monitor' ? 'val/total/loss' : value, key);
  }
  const optimizer = sectionDefaults('optimizer');
  const { config: theirs } = OptimizerConfig;
  assert.equal(optimizer['name'], OptimizerConfig['name']?.default);
  assert.equal((optimizer['config'] as JsonObject)['lr'], (theirs?.default as JsonObject | undefined)?.['lr']);
});

void test('every key of physicsml’s datamodule is known, with its default', { skip }, () => {
  const { PhysicsMLDataModuleConfig: theirs } = reference?.physicsml_sections ?? assert.fail();
  for (const [key, { default: value }] of Object.entries(theirs)) {
    const option = (datamoduleSchema.shape as Readonly<Record<string, z.ZodOptional<z.ZodType> | undefined>>)[key];
    assert.ok(option !== undefined, key);
    // num_elements 0 cannot train and is required here; the splits are objects with defaults of their own.
    if (key === 'num_elements' || (typeof value === 'object' && value !== null)) continue;
    assert.deepEqual(option.unwrap().meta()?.['default'], value, key);
  }
});
