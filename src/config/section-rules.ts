import type { Json } from '../contracts/json.ts';
import { callbackEntries } from './check-callbacks.ts';
import { type Issue, invalid, notAvailable, show } from './issue.ts';
import { optimizerRules } from './optimizer-rules.ts';
import { isMapping } from './read-json.ts';
import { schedulerRules } from './scheduler-rules.ts';

/** The sections that a stage can override. */
export type SectionKind = 'trainer' | 'datamodule' | 'optimizer' | 'scheduler';

/** Checks the rules across the keys of a whole section. Says nothing about keys of the wrong type. */
export function sectionRules(kind: SectionKind, value: unknown): Issue[] {
  if (!isMapping(value)) return [];
  return RULES[kind](value);
}

type Mapping = Readonly<Record<string, unknown>>;

const RULES: Readonly<Record<SectionKind, (section: Mapping) => Issue[]>> = {
  trainer: (trainer) => [
    ...endRules(trainer),
    ...validationRules(trainer),
    ...deviceRules(trainer),
    ...snapshotRules(trainer),
    ...callbackRules(trainer),
  ],
  datamodule: () => [],
  optimizer: optimizerRules,
  scheduler: schedulerRules,
};

function endRules(trainer: Mapping): Issue[] {
  const maxEpochs = trainer['max_epochs'];
  const maxSteps = trainer['max_steps'];
  const endless = (maxEpochs === null || maxEpochs === -1) && (maxSteps === undefined || maxSteps === -1) && !isTrial(trainer);
  const text =
    (trainer['max_time'] ?? null) === null
      ? 'training would never end; set max_epochs or max_steps to a whole number >= 1'
      : 'max_time alone does not say how many steps there are, which schedules count; set max_epochs or max_steps to a whole number >= 1 as well';
  return [
    ...(endless ? [invalid(['max_epochs'], text)] : []),
    ...order(trainer, 'min_epochs', 'max_epochs'),
    ...order(trainer, 'min_steps', 'max_steps'),
  ];
}

/** fast_dev_run sets how long training is and when it validates, whatever the other keys say. */
function isTrial(trainer: Mapping): boolean {
  const trial = trainer['fast_dev_run'];
  return trial === true || (typeof trial === 'number' && trial > 0);
}

/** Lightning 2.4: "Trainer(val_check_interval) should be an integer when check_val_every_n_epoch=None". */
function validationRules(trainer: Mapping): Issue[] {
  const interval = trainer['val_check_interval'] ?? null;
  if (trainer['check_val_every_n_epoch'] !== null || Number.isInteger(interval) || isTrial(trainer)) return [];
  const text = `with check_val_every_n_epoch null batches are counted across epochs: expected a whole number >= 1, received ${show(interval)}`;
  return [invalid(['val_check_interval'], text)];
}

function order(trainer: Mapping, low: string, high: string): Issue[] {
  const [min, max] = [trainer[low], trainer[high]];
  if (typeof min !== 'number' || typeof max !== 'number' || max === -1 || min <= max) return [];
  return [invalid([low], `expected at most ${high} (${max}), received ${min}`)];
}

/** Backends that each accelerator stands for. */
const BACKENDS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['cpu', ['wasm', 'cpu']],
  ['gpu', ['tensorflow']],
]);

function deviceRules(trainer: Mapping): Issue[] {
  const { accelerator, backend, deterministic } = trainer;
  const issues: Issue[] = [];
  const possible = BACKENDS.get(accelerator);
  if (typeof backend === 'string' && possible !== undefined && !possible.includes(backend)) {
    issues.push(
      invalid(['backend'], `"${backend}" contradicts accelerator "${String(accelerator)}" (${possible.join(', ')}); leave one of them out`),
    );
  }
  if (deterministic === true && (backend === 'tensorflow' || (accelerator === 'gpu' && typeof backend !== 'string'))) {
    issues.push(notAvailable(['deterministic'], 'true is not available on the tensorflow backend; use accelerator cpu, or leave it out'));
  }
  return issues;
}

function snapshotRules(trainer: Mapping): Issue[] {
  const snapshot = trainer['snapshot'];
  if (!isMapping(snapshot) || snapshot['every_seconds'] !== null || typeof snapshot['every_steps'] === 'number') return [];
  return [invalid(['snapshot', 'every_seconds'], 'no snapshot would ever be taken; set every_seconds or every_steps')];
}

function callbackRules(trainer: Mapping): Issue[] {
  return callbackEntries(trainer['callbacks'] as Json | undefined).flatMap(({ name, config }) =>
    name === 'EarlyStopping' && config !== null && config['monitor'] === undefined
      ? [invalid(['callbacks'], 'EarlyStopping needs config.monitor, such as val/total/loss')]
      : [],
  );
}
