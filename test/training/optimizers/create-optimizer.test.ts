import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { Json } from '../../../src/contracts/json.ts';
import { RootstockError } from '../../../src/errors.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { createOptimizer } from '../../../src/training/optimizers/create-optimizer.ts';
import type { UpdateResult } from '../../../src/training/optimizers/optimizer.ts';
import { BACKENDS } from '../../helpers/backends.ts';

type Config = Readonly<Record<string, Json>>;
/** Every optimizer with the arguments that use all of its state. */
const CASES: readonly (readonly [string, Config])[] = [
  ['Adam', { amsgrad: true, weight_decay: 0.1 }],
  ['AdamW', {}],
  ['SGD', { momentum: 0.9, nesterov: true }],
  ['SGD', {}],
  ['Adadelta', {}],
  ['Adagrad', { initial_accumulator_value: 0.1 }],
  ['Adamax', {}],
  ['ASGD', {}],
  ['NAdam', {}],
  ['RAdam', {}],
  ['RMSprop', { momentum: 0.5, centered: true }],
  ['Rprop', {}],
];
const SHAPE = [5, 3];

for (const backend of BACKENDS) {
  for (const [name, config] of CASES) {
    const title = `${name} ${JSON.stringify(config)} on ${backend}`;

    void test(`${title} goes on bit for bit from saved slots and the step`, async () => {
      await loadBackend(backend);
      const straight = train(name, config, { from: initial(name, config), steps: [1, 2, 3, 4, 5, 6, 7, 8] });
      const half = train(name, config, { from: initial(name, config), steps: [1, 2, 3, 4] });
      const resumed = train(name, config, { from: throughBytes(half), steps: [5, 6, 7, 8] });
      assert.deepEqual(bitsOf(resumed), bitsOf(straight));
      tf.dispose([straight, half, resumed].flatMap(tensorsOf));
    });

    void test(`${title} makes new tensors, keeps the given ones as they are and leaves none behind`, async () => {
      await loadBackend(backend);
      const optimizer = createOptimizer({ name, config });
      const before = tf.memory().numTensors;
      const from = initial(name, config);
      const gradient = tf.tensor(new Float32Array(15).fill(0.25), SHAPE);
      const bits = bitsOf(from);
      const after = kept(() => optimizer.update({ ...from, path: 'w', gradient, step: 1, lr: 0.01 }));
      assert.deepEqual(Object.keys(after.slots), optimizer.slotNames('w'));
      assert.deepEqual(Object.keys(from.slots), optimizer.slotNames('w'));
      assert.deepEqual(bitsOf(from), bits);
      assert.notDeepEqual(bitsOf(after)[0], bits[0]);
      for (const tensor of tensorsOf(after)) assert.ok(![...tensorsOf(from), gradient].includes(tensor));
      assert.equal(tf.memory().numTensors, before + 1 + 2 * tensorsOf(after).length);
      // The next values must not share memory that goes with the old ones.
      const expected = bitsOf(after);
      tf.dispose([...tensorsOf(from), gradient]);
      assert.deepEqual(bitsOf(after), expected);
      tf.dispose([...tensorsOf(after)]);
      assert.equal(tf.memory().numTensors, before);
    });
  }
}

void test('maximize climbs where minimising descends', async () => {
  await loadBackend('cpu');
  for (const [name, config] of CASES) {
    const [down, up] = [false, true].map((maximize) => {
      const from = { ...initial(name, config), parameter: tf.zeros(SHAPE) };
      return [...bitsOf(train(name, { ...config, maximize }, { from, steps: [1] }))[0]!.values()].map((value) => value);
    });
    assert.deepEqual(
      up,
      down?.map((value) => -value),
      name,
    );
  }
});

void test('a parameter unfrozen later starts its own step count', async () => {
  await loadBackend('cpu');
  const optimizer = createOptimizer({ name: 'Adam', config: {} });
  tf.tidy(() => {
    const from = {
      path: 'w',
      parameter: tf.scalar(1),
      slots: optimizer.initialState({ path: 'w', shape: [] }),
      gradient: tf.scalar(1e-3),
      lr: 0.1,
    };
    // With its own bias correction the first move is lr, whatever the gradient's size: 1 - 0.1 * 1e-3 / (1e-3 + 1e-8).
    const first = optimizer.update({ ...from, step: 1 }).parameter.dataSync()[0] as number;
    assert.ok(Math.abs(first - 0.9) < 2e-6, `received ${first}`);
  });
});

void test("ASGD moves by the rate that the step before left, as torch's does", async () => {
  await loadBackend('cpu');
  const optimizer = createOptimizer({ name: 'ASGD', config: { lambd: 0.5, alpha: 1 } });
  tf.tidy(() => {
    const start = { path: 'w', gradient: tf.scalar(1), parameter: tf.scalar(0), slots: optimizer.initialState({ path: 'w', shape: [] }) };
    const first = optimizer.update({ ...start, step: 1, lr: 0.1 });
    const second = optimizer.update({ ...start, ...first, step: 2, lr: 0.9 });
    const eta = 0.1 / (1 + 0.5 * 0.1); // lr / (1 + lambd * lr * step)^alpha of step 1
    const expected = -0.1 * (1 - 0.5 * eta) - eta;
    const received = second.parameter.dataSync()[0] as number;
    assert.ok(Math.abs(received - expected) < 1e-7, `expected ${expected}, received ${received}`); // one float32 rounding
  });
});

void test('an unknown optimizer is refused by name, with the ones there are', () => {
  for (const name of ['LBFGS', 'constructor']) {
    assert.throws(
      () => createOptimizer({ name, config: {} }),
      (error) =>
        error instanceof RootstockError &&
        error.code === 'NOT_AVAILABLE' &&
        error.message.includes(`"${name}"`) &&
        error.message.includes('AdamW'),
    );
  }
});

void test('arguments of the wrong kind are STAGE_INVALID at their dotted path', () => {
  const wrong: readonly (readonly [string, Config, string])[] = [
    ['Adam', { betas: [0.9] }, 'betas'],
    ['Adam', { eps: 'small' }, 'eps'],
    ['AdamW', { amsgrad: 1 }, 'amsgrad'],
    ['SGD', { nesterov: true }, 'nesterov'],
    ['SGD', { nesterov: true, momentum: 0.9, dampening: 0.1 }, 'nesterov'],
  ];
  for (const [name, config, key] of wrong) {
    assert.throws(
      () => createOptimizer({ name, config }),
      (error) =>
        error instanceof RootstockError && error.code === 'STAGE_INVALID' && error.message.includes(`optimizer ${name}.config.${key}`),
    );
  }
});

function initial(name: string, config: Config): UpdateResult {
  const parameter = tf.tensor(
    Float32Array.from({ length: 15 }, (_, i) => Math.sin(i + 1)),
    SHAPE,
  );
  return { parameter, slots: createOptimizer({ name, config }).initialState({ path: 'w', shape: SHAPE }) };
}

/** Updates with a gradient that changes with the step; disposes `from`. A new optimizer each time: nothing may be kept in it. */
function train(
  name: string,
  config: Config,
  { from, steps }: { readonly from: UpdateResult; readonly steps: readonly number[] },
): UpdateResult {
  const optimizer = createOptimizer({ name, config });
  return steps.reduce((state, step) => {
    const next = kept(() => {
      const gradient = tf.tensor(
        Float32Array.from({ length: 15 }, (_, i) => Math.cos(step * (i + 2))),
        SHAPE,
      );
      return optimizer.update({ ...state, path: 'w', gradient, step, lr: 0.01 / step });
    });
    tf.dispose([...tensorsOf(state)]);
    return next;
  }, from);
}

/** What the loop does: computes inside a scope and keeps the result only. */
function kept(update: () => UpdateResult): UpdateResult {
  tf.engine().startScope();
  const result = update();
  for (const tensor of tensorsOf(result)) tf.keep(tensor);
  tf.engine().endScope();
  return result;
}

/** The state as a snapshot would bring it back. */
function throughBytes({ parameter, slots }: UpdateResult): UpdateResult {
  const copy = (tensor: tf.Tensor): tf.Tensor => tf.tensor(new Float32Array(tensor.dataSync<'float32'>()), tensor.shape);
  return { parameter: copy(parameter), slots: Object.fromEntries(Object.entries(slots).map(([name, tensor]) => [name, copy(tensor)])) };
}

function tensorsOf({ parameter, slots }: UpdateResult): readonly tf.Tensor[] {
  return [parameter, ...Object.values(slots)];
}

function bitsOf(state: UpdateResult): readonly Float32Array[] {
  return tensorsOf(state).map((tensor) => new Float32Array(tensor.dataSync<'float32'>()));
}
