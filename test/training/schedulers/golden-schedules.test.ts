import assert from 'node:assert/strict';
import test from 'node:test';
import type { PlateauState } from '../../../src/artifacts/training-state.ts';
import type { JsonObject } from '../../../src/contracts/json.ts';
import type { StagePlan } from '../../../src/contracts/plan.ts';
import { createOptimizer } from '../../../src/training/optimizers/create-optimizer.ts';
import { createScheduler } from '../../../src/training/schedulers/create-scheduler.ts';
import { reduceLROnPlateau } from '../../../src/training/schedulers/reduce-lr-on-plateau.ts';
import { stageOf, type Variation } from '../../plan/runs.ts';
import { readGolden } from '../golden.ts';

/** torch multiplies the rate along, closed forms do not: a few hundred roundings of 1.1e-16. */
const TOLERANCE = 1e-12;
const STEPS = 24;

interface Sequence {
  readonly config: JsonObject;
  readonly base_lr: number;
  readonly lr_used_at_step?: readonly number[];
  readonly metric?: readonly number[];
}

interface Schedule {
  readonly section: JsonObject & { readonly name: string };
  readonly warmup?: JsonObject;
  readonly base_lrs: readonly [number, number];
  readonly optimizer: string;
  readonly rates: readonly (readonly number[])[];
  readonly momenta?: readonly (readonly number[])[];
  readonly metrics?: readonly number[];
}

const original = readGolden('b_schedulers.json') as Readonly<
  Record<string, { readonly class: string; readonly defaults: JsonObject; readonly cases: readonly Sequence[] }>
>;
/** A list with a scheduler that sets the rate; `alone`: in a SequentialLR where none moves the base rate of another. */
interface CycleInList extends Schedule {
  readonly alone?: readonly (readonly number[])[];
}

const { schedules, cycles_in_lists: cyclesInLists } = readGolden('learning_rates.json') as {
  readonly schedules: readonly Schedule[];
  readonly cycles_in_lists: readonly CycleInList[];
};
/** Schedulers that set the rate of every group. */
const ABSOLUTE = ['OneCycleLR', 'CyclicLR'];

for (const [key, { class: name, cases }] of Object.entries(original)) {
  for (const { config, base_lr: lr, lr_used_at_step: expected, metric } of cases) {
    if (expected === undefined) continue;
    for (const written of [name, key]) {
      void test(`${written} ${JSON.stringify(config)} in a run file gives torch's rates`, () => {
        const stage = stageWith({ scheduler: { name: written, config }, optimizer: { name: 'Adam', config: { lr } } });
        assert.equal(stage.scheduler?.name, name);
        const { rates } = play(stage, metric);
        for (const [step, rate] of expected.entries()) near(rates[step]?.[0], rate, `step ${step}`);
      });
    }
  }
}

for (const { section, warmup, base_lrs: baseLrs, optimizer, rates: expected, momenta, metrics } of schedules) {
  const title = `${JSON.stringify(section)}${warmup === undefined ? '' : ` after ${JSON.stringify(warmup)}`} for ${optimizer}`;
  void test(`in a run file ${title} gives torch's rates of each parameter group`, () => {
    const alike = ABSOLUTE.includes(section.name);
    const stage = stageWith({
      scheduler: { ...section, ...(warmup === undefined ? {} : { warmup }) },
      optimizer: {
        name: optimizer,
        config: { lr: baseLrs[0] },
        ...(alike ? {} : { param_groups: [{ params: ['module.2'], lr: baseLrs[1] }] }),
      },
    });
    const played = play(stage, metrics);
    for (const [step, byGroup] of expected.entries()) {
      const groups = alike ? byGroup.slice(0, 1) : byGroup;
      for (const [group, rate] of groups.entries()) near(played.rates[step]?.[group], rate, `group ${group} of step ${step}`);
      if (momenta !== undefined) near(played.momenta[step], momenta[step]?.[0] ?? Number.NaN, `momentum of step ${step}`);
    }
  });
}

for (const { section, base_lrs: baseLrs, rates: torch, alone } of cyclesInLists) {
  const title = `${section.name} of ${membersOf(section).join(' and ')}`;
  void test(`a cycle in a list leaves the base rate of the others alone, and else has torch's rates: ${title}`, () => {
    const param_groups = [{ params: ['module.2'], lr: baseLrs[1] }];
    const stage = stageWith({ scheduler: section, optimizer: { name: 'AdamW', config: { lr: baseLrs[0] }, param_groups } });
    const played = play(stage);
    for (const [step, byGroup] of (alone ?? torch).entries()) {
      for (const [group, rate] of byGroup.entries()) near(played.rates[step]?.[group], rate, `group ${group} of step ${step}`);
    }
  });
}

void test('the lists with a cycle whose rates differ from those of torch are these', () => {
  const differ = cyclesInLists.filter(({ rates, alone = rates }) => JSON.stringify(rates) !== JSON.stringify(alone));
  const names = differ.map(({ section }) => membersOf(section));
  assert.deepEqual(names, [
    ['LinearLR', 'OneCycleLR'],
    ['CyclicLR', 'ExponentialLR'],
    ['OneCycleLR', 'CosineAnnealingLR'],
  ]);
});

void test('every scheduler of torch is in a run file or refused by name, with torch’s defaults', () => {
  const refused = ['LambdaLR', 'MultiplicativeLR'];
  for (const { class: name, cases, defaults } of Object.values(original)) {
    const config = cases[0]?.config ?? {};
    const plan = () =>
      stageWith({ scheduler: { name, config }, optimizer: { name: 'Adam', config: { lr: 0.05 } } }).scheduler?.config ?? {};
    if (refused.includes(name)) assert.throws(plan, { code: 'NOT_AVAILABLE' });
    else if (cases[0]?.lr_used_at_step === undefined) assert.throws(plan, { message: /schedulers: missing/u }, name);
    else {
      for (const [key, value] of Object.entries(plan())) {
        if (!(key in config) && value !== null) assert.deepEqual(value, defaults[key], `${name}.${key}`);
      }
    }
  }
});

void test('a list may name classes in any letter case, and num_steps inside it is what the warm-up leaves', () => {
  const scheduler = {
    name: 'chainedscheduler',
    config: { schedulers: [{ name: 'cosineannealinglr' }, { name: 'exponential', config: { gamma: 0.9, last_epoch: -1 } }] },
    warmup: { fraction: 0.25 },
  };
  const stage = stageWith({ scheduler });
  assert.deepEqual(stage.scheduler?.warmup, { steps: 6, startFactor: 1 / 3, epochs: 0 });
  assert.deepEqual(stage.scheduler?.config, {
    schedulers: [
      { name: 'CosineAnnealingLR', config: { T_max: 18, eta_min: 0 } },
      { name: 'ExponentialLR', config: { gamma: 0.9 } },
    ],
  });
});

void test('with interval epoch the schedule begins after the epochs that the warm-up fills', () => {
  const scheduler = { name: 'StepLR', config: { step_size: 1, gamma: 0.5 }, interval: 'epoch', warmup: { steps: 5, start_factor: 0.5 } };
  const stage = stageOf({
    scheduler,
    optimizer: { name: 'SGD', config: { lr: 1 } },
    datamodule: { train: { batch_size: 50 } },
    trainer: { max_epochs: 5 },
  });
  assert.equal(stage.scheduler?.warmup?.epochs, 2); // two steps per epoch
  const rates = Array.from({ length: 10 }, (_, step) => settings(stage, step, Math.floor(step / 2)));
  assert.deepEqual(rates, [0.5, 0.6, 0.7, 0.8, 0.9, 1, 0.5, 0.5, 0.25, 0.25]);
});

function membersOf(section: JsonObject): readonly string[] {
  return (section['config'] as { readonly schedulers: readonly { readonly name: string }[] }).schedulers.map(({ name }) => name);
}

function settings(stage: StagePlan, step: number, epoch: number): number | undefined {
  const scheduler = createScheduler(stage.scheduler, createOptimizer(stage.optimizer).baseLrs);
  return scheduler.settingsAt({ step, epoch })[0]?.lr;
}

function stageWith(variation: Variation): StagePlan {
  return stageOf({ trainer: { max_epochs: -1, max_steps: STEPS }, ...variation });
}

/** Every rate by step and group, as training reads them; a plateau is judged by one metric per step. */
function play(
  { scheduler: plan, optimizer }: StagePlan,
  metrics: readonly number[] = [],
): { readonly rates: readonly (readonly number[])[]; readonly momenta: readonly (number | undefined)[] } {
  const { baseLrs } = createOptimizer(optimizer);
  const scheduler = createScheduler(plan, baseLrs);
  const rule = plan?.name === 'ReduceLROnPlateau' ? reduceLROnPlateau({ owner: 'test', values: plan.config }) : null;
  let plateau: PlateauState | undefined = rule?.initial(baseLrs);
  const all = Array.from({ length: STEPS }, (_, step) => {
    const at = scheduler.settingsAt({ step, epoch: 0, plateau });
    if (rule !== null && plateau !== undefined) plateau = rule.next(plateau, metrics[step] ?? Number.NaN);
    return at;
  });
  return { rates: all.map((groups) => groups.map(({ lr }) => lr)), momenta: all.map((groups) => groups[0]?.momentum) };
}

function near(actual: number | undefined, expected: number, what: string): void {
  const close = actual !== undefined && Math.abs(actual - expected) <= TOLERANCE * Math.abs(expected);
  assert.ok(close, `${what}: expected ${expected}, received ${actual}`);
}
