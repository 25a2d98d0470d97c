import type { Json } from '../contracts/json.ts';
import { callbackEntries } from './check-callbacks.ts';
import type { SectionKind } from './check-section.ts';
import { canonicalClassName } from './classes.ts';
import { type Issue, invalid, notAvailable } from './issue.ts';
import { optimizerClasses } from './optimizer-keys.ts';
import { isMapping } from './read-json.ts';
import { schedulerClasses } from './scheduler-keys.ts';

/** Checks the rules across the keys of a whole section. Says nothing about keys of the wrong type. */
export function sectionRules(kind: SectionKind, value: unknown): Issue[] {
  if (!isMapping(value)) return [];
  return RULES[kind](value);
}

type Mapping = Readonly<Record<string, unknown>>;

const RULES: Readonly<Record<SectionKind, (section: Mapping) => Issue[]>> = {
  trainer: (trainer) => [...endRules(trainer), ...deviceRules(trainer), ...snapshotRules(trainer), ...callbackRules(trainer)],
  datamodule: () => [],
  optimizer: (optimizer) => [...nameRule(optimizer, 'optimizer'), ...sgdRules(optimizer)],
  scheduler: (scheduler) => [...nameRule(scheduler, 'scheduler'), ...argumentRules(scheduler)],
};

function endRules(trainer: Mapping): Issue[] {
  const maxEpochs = trainer['max_epochs'];
  const maxSteps = trainer['max_steps'];
  const endless = (maxEpochs === null || maxEpochs === -1) && (maxSteps === undefined || maxSteps === -1);
  return [
    ...(endless ? [invalid(['max_epochs'], 'training would never end; set max_epochs or max_steps to a whole number >= 1')] : []),
    ...order(trainer, 'min_epochs', 'max_epochs'),
    ...order(trainer, 'min_steps', 'max_steps'),
  ];
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

function nameRule(section: Mapping, noun: string): Issue[] {
  return section['name'] === undefined ? [invalid(['name'], `missing; expected the name of the ${noun}`)] : [];
}

/** torch.optim.SGD: "Nesterov momentum requires a momentum and zero dampening". */
function sgdRules(optimizer: Mapping): Issue[] {
  const { name, config } = optimizer;
  if (typeof name !== 'string' || !isMapping(config) || canonicalClassName(optimizerClasses, name) !== 'SGD' || config['nesterov'] !== true)
    return [];
  const { momentum = 0, dampening = 0 } = config;
  return momentum === 0 || dampening !== 0
    ? [
        invalid(
          ['config', 'nesterov'],
          `needs momentum > 0 and dampening 0, received momentum ${String(momentum)} and dampening ${String(dampening)}`,
        ),
      ]
    : [];
}

function argumentRules(scheduler: Mapping): Issue[] {
  const name = typeof scheduler['name'] === 'string' ? canonicalClassName(schedulerClasses, scheduler['name']) : '';
  const needed = name === 'StepLR' ? 'step_size' : name === 'CosineAnnealingLR' ? 'T_max' : null;
  const config = scheduler['config'];
  if (needed === null || (isMapping(config) && config[needed] !== undefined)) return [];
  return [invalid(['config', needed], `missing; ${name} needs it`)];
}
