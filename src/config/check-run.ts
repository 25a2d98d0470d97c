import { z } from 'zod';
import type { Json } from '../contracts/json.ts';
import { MODELS_NOT_BUILT } from '../contracts/models-not-built.ts';
import { checkData } from './check-data.ts';
import { checkHyperparameters } from './check-hyperparameters.ts';
import { checkMolecules } from './check-molecules.ts';
import { checkDetails } from './check-section.ts';
import { checkShape } from './check-shape.ts';
import { checkTrainFeatures } from './check-train-features.ts';
import { type Issue, invalid, show } from './issue.ts';
import type { ModelSchema } from './model-schema.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';
import { modelConfigShape, runSchema } from './run-keys.ts';
import type { SectionKind } from './section-rules.ts';
import { nearest } from './suggest.ts';

/** Checks a whole run file and gives every problem. */
export function checkRun(value: Json, models: readonly ModelSchema[]): Issue[] {
  if (!isMapping(value)) return [invalid([], `expected a mapping with the keys name, data, model and output, received ${show(value)}`)];
  const model = isMapping(value['model']) ? value['model'] : {};
  const config = model['config'];
  return [
    ...checkShape(runSchema, value),
    ...checkData(value['data'], ['data']),
    ...(isMapping(config) ? checkModelConfig(config, findModel(model['name'], models)) : []),
    ...(isMapping(config) ? checkMolecules(value, config, findModel(model['name'], models)) : []),
    ...checkModelName(model['name'], models),
  ];
}

const CONFIG: Path = ['model', 'config'];

function findModel(name: unknown, models: readonly ModelSchema[]): ModelSchema | undefined {
  return models.find((model) => model.name === name);
}

function checkModelName(name: unknown, models: readonly ModelSchema[]): Issue[] {
  if (typeof name !== 'string' || name === '' || findModel(name, models) !== undefined) return [];
  const known = models.map((model) => model.name);
  if (MODELS_NOT_BUILT.includes(name)) {
    const text = `${show(name)} is a model of physicsml or molflux that is not built. Models: ${known.join(', ')}`;
    return [{ code: 'NOT_AVAILABLE', path: ['model', 'name'], at: 'value', text }];
  }
  const near = nearest(name, known);
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  return [
    {
      code: 'UNKNOWN_MODEL',
      path: ['model', 'name'],
      at: 'value',
      text: `there is no model ${show(name)}.${hint} Models: ${known.join(', ')}`,
    },
  ];
}

type Mapping = Readonly<Record<string, unknown>>;

function checkModelConfig(config: Mapping, model: ModelSchema | undefined): Issue[] {
  const common = Object.entries(config).filter(([key]) => Object.hasOwn(modelConfigShape, key));
  return [
    ...checkShape(z.strictObject(modelConfigShape), Object.fromEntries(common), CONFIG),
    ...(model === undefined ? [] : checkHyperparameters(config, model, CONFIG)),
    ...checkTrainFeatures(config),
    ...checkSections({ sections: config, path: CONFIG, base: config }),
    ...checkStages(config),
  ];
}

const KINDS: readonly SectionKind[] = ['trainer', 'datamodule', 'optimizer', 'scheduler'];

/** Sections of the base or of a stage, and the base that an absent class name comes from. */
interface SectionSet {
  readonly sections: Mapping;
  readonly path: Path;
  readonly base: Mapping;
}

function checkSections({ sections, path, base }: SectionSet): Issue[] {
  return KINDS.flatMap((kind) => {
    const inherited = base[kind];
    const name = isMapping(inherited) ? inherited['name'] : undefined;
    return checkDetails({
      kind,
      value: sections[kind] as Json | undefined,
      path: [...path, kind],
      className: typeof name === 'string' ? name : null,
    });
  });
}

/** Names that stages may not have: `from: initial`, and the baseline's place in results. */
const RESERVED: ReadonlySet<unknown> = new Set(['initial', 'baseline']);

function checkStages(config: Mapping): Issue[] {
  const transfer = config['transfer_learning'];
  const stages: unknown = isMapping(transfer) ? transfer['stages'] : undefined;
  if (!Array.isArray(stages)) return [];
  const seen = new Map<string, number>();
  return (stages as unknown[]).flatMap((stage, index) => {
    if (!isMapping(stage)) return [];
    const path = [...CONFIG, 'transfer_learning', 'stages', index];
    const name = typeof stage['name'] === 'string' ? stage['name'] : `stage-${index + 1}`;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, index);
    return [
      ...checkSections({ sections: stage, path, base: config }),
      ...(RESERVED.has(name) ? [invalid([...path, 'name'], `${show(name)} is reserved; choose another name`)] : []),
      ...(first === undefined ? [] : [invalid([...path, 'name'], `stage ${first + 1} is called ${show(name)} too; names must differ`)]),
    ];
  });
}
