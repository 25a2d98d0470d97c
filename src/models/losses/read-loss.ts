import type { Json, JsonObject } from '../../contracts/json.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import type { ElementLoss, LossSpec, ReducedLoss } from '../../ops/loss-spec.ts';
import { type LossArguments, openArguments } from './loss-arguments.ts';
import { LOSS_NAMES, LOSSES_NOT_BUILT, type LossName } from './loss-names.ts';

/** What a loss stands in: its dotted key below model.config, the columns of its head, and what it can read beside predictions and targets. */
export interface LossPlace {
  readonly key: string;
  readonly columns: number;
  /** Whether there are molecules, whose atoms WeightedMSELoss counts. */
  readonly hasMolecules: boolean;
}

/** Names that a MultiTaskLoss can hold: a number per element. */
type ElementName = Exclude<LossName, 'CrossEntropyLoss' | 'GaussianNLLLoss' | 'MaskedMSELoss' | 'MultiTaskLoss' | 'WeightedMSELoss'>;

/**
 * Reads {name, weight, config} of one head: physicsml's loss configuration. Errors: NOT_AVAILABLE for a loss of physicsml's list that is
 * not built, MODEL_CONFIG_INVALID with everything else that is wrong.
 */
export function readLoss(value: Json, place: LossPlace): LossSpec {
  const where = `model.config.${place.key}`;
  if (!isObject(value)) throw invalid([{ where, text: `expected {name, weight, config}, received ${JSON.stringify(value)}` }]);
  const name = readName(value['name'], where);
  const problems: Problem[] = Object.keys(value)
    .filter((key) => !['name', 'weight', 'config'].includes(key))
    .map((key) => ({ where: `${where}.${key}`, text: 'unknown key; known: config, name, weight' }));
  const outer = openArguments(value['weight'] === undefined ? {} : { weight: value['weight'] }, { where, columns: 1 });
  const scale = outer.number('weight', 1);
  const config = value['config'] ?? {};
  if (!isObject(config)) throw invalid([{ where: `${where}.config`, text: `expected a mapping, received ${JSON.stringify(config)}` }]);
  const options = openArguments(config, { where: `${where}.config`, columns: place.columns });
  const spec = toSpec(name, { options, scale, place });
  problems.push(...outer.problems(), ...options.problems(), ...placeProblems(name, where, place));
  if (problems.length > 0) throw invalid(problems);
  return spec;
}

interface LossInput {
  readonly options: LossArguments;
  readonly scale: number;
  readonly place: LossPlace;
}

function toSpec(name: LossName, { options, scale, place }: LossInput): LossSpec {
  switch (name) {
    case 'MaskedMSELoss':
      return { kind: 'masked', scale };
    case 'WeightedMSELoss':
      return { kind: 'per_atom', scale };
    case 'MultiTaskLoss':
      return { kind: 'tasks', tasks: readTasks(options, place) };
    case 'GaussianNLLLoss':
      return {
        kind: 'gaussian',
        full: options.flag('full', false),
        eps: options.number('eps', 1e-6, { above: 0 }),
        reduction: readReduction(options),
        scale,
      };
    case 'CrossEntropyLoss':
      options.only('ignore_index', [-100]);
      return {
        kind: 'classes',
        weight: options.perColumn('weight'),
        labelSmoothing: options.number('label_smoothing', 0, { minimum: 0, maximum: 1 }),
        reduction: readReduction(options),
        scale,
      };
    case 'KLDivLoss':
      return { kind: 'reduced', element: elementOf(name, options), reduction: readAnyReduction(options), scale };
    case 'BCELoss':
    case 'BCEWithLogitsLoss':
    case 'HuberLoss':
    case 'L1Loss':
    case 'MSELoss':
    case 'PoissonNLLLoss':
    case 'SerialBCEWithLogitsLoss':
    case 'SmoothL1Loss':
    case 'SoftMarginLoss':
      return { kind: 'reduced', element: elementOf(name, options), reduction: readReduction(options), scale };
  }
}

function elementOf(name: ElementName, options: LossArguments): ElementLoss {
  switch (name) {
    case 'HuberLoss':
      return { name, delta: options.number('delta', 1, { above: 0 }) };
    case 'SmoothL1Loss':
      return { name, beta: options.number('beta', 1, { minimum: 0 }) };
    case 'BCELoss':
      return { name, weight: options.perColumn('weight') };
    case 'BCEWithLogitsLoss':
    case 'SerialBCEWithLogitsLoss':
      return { name: 'BCEWithLogitsLoss', weight: options.perColumn('weight'), posWeight: options.perColumn('pos_weight') };
    case 'PoissonNLLLoss':
      return {
        name,
        logInput: options.flag('log_input', true),
        full: options.flag('full', false),
        eps: options.number('eps', 1e-8, { minimum: 0 }),
      };
    case 'KLDivLoss':
      return { name, logTarget: options.flag('log_target', false) };
    case 'L1Loss':
    case 'MSELoss':
    case 'SoftMarginLoss':
      return { name };
  }
}

/** physicsml reads `losses_configs`, one per column; weights and per-column arguments count within their column. */
function readTasks(options: LossArguments, { key, columns, hasMolecules }: LossPlace): readonly ReducedLoss[] {
  const configs = options.list('losses_configs');
  const where = `model.config.${key}.config.losses_configs`;
  if (configs.length !== columns) throw invalid([{ where, text: `expected one loss per column (${columns}), received ${configs.length}` }]);
  return configs.map((config, index) => {
    const spec = readLoss(config, { key: `${key}.config.losses_configs.${index}`, columns: 1, hasMolecules });
    if (spec.kind === 'reduced') return spec;
    throw invalid([
      { where: `${where}.${index}`, text: 'expected a loss with a number per element, such as MSELoss or BCEWithLogitsLoss' },
    ]);
  });
}

function placeProblems(name: LossName, where: string, { columns, hasMolecules }: LossPlace): readonly Problem[] {
  if (name === 'GaussianNLLLoss')
    return [{ where, text: 'GaussianNLLLoss needs a predicted variance: use mean_var_egnn_model, which always has it' }];
  if (name !== 'WeightedMSELoss') return [];
  if (!hasMolecules) return [{ where, text: 'WeightedMSELoss divides by atoms per molecule, and there are no molecules' }];
  return columns === 1 ? [] : [{ where, text: `WeightedMSELoss divides one column by atoms per molecule, but the head has ${columns}` }];
}

function readReduction(options: LossArguments): 'mean' | 'sum' {
  deprecated(options);
  return options.choice('reduction', ['mean', 'sum']);
}

function readAnyReduction(options: LossArguments): ReducedLoss['reduction'] {
  deprecated(options);
  return options.choice('reduction', ['mean', 'sum', 'batchmean']);
}

// torch's deprecated spellings of the reduction.
function deprecated(options: LossArguments): void {
  options.only('size_average', [null]);
  options.only('reduce', [null]);
}

function readName(value: Json | undefined, where: string): LossName {
  const name = LOSS_NAMES.find((known) => known === value);
  if (name !== undefined) return name;
  if (typeof value === 'string' && LOSSES_NOT_BUILT.includes(value)) {
    const text = composeMessage(`${where}.name: the loss ${value} is not built.`, [], `use one of ${LOSS_NAMES.join(', ')}.`);
    throw new RootstockError('NOT_AVAILABLE', text, { key: where, name: value });
  }
  const nearest = typeof value === 'string' ? nearestNames(value, LOSS_NAMES) : [];
  const hint = nearest.length === 0 ? '' : ` Did you mean ${nearest.join(' or ')}?`;
  throw invalid([{ where: `${where}.name`, text: `expected one of ${LOSS_NAMES.join(', ')}, received ${JSON.stringify(value)}.${hint}` }]);
}

const FIX = 'correct these keys; docs/run-file.md lists the losses and what each takes.';

function invalid(problems: readonly Problem[]): RootstockError {
  return new RootstockError('MODEL_CONFIG_INVALID', composeMessage('A loss configuration cannot be used.', problems, FIX), { problems });
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
