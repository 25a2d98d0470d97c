import type { JsonObject } from '../contracts/json.ts';
import type { DataRequest, InitialPlan } from '../contracts/plan.ts';
import { differenceOf, hyperparametersOf, isEqual, modelSettings } from './model-differences.ts';
import type { ModelFacts, PreTrainedFacts } from './plan-facts.ts';

/** What a match was planned from. */
export interface MatchFacts {
  readonly model: ModelFacts;
  readonly request: DataRequest;
  readonly preTrained: PreTrainedFacts | null;
}

/**
 * Says which matched modules compute something else than in the pre-trained model although all tensors fit: another activation, another
 * cut_off. One sentence per module, both values of each key named. A warning, because a change may be meant. Keys that the pre-trained
 * model does not know are not compared, and keys of modules that nothing was copied into are nobody's concern.
 */
export function matchWarnings(initial: InitialPlan, { model, request, preTrained }: MatchFacts): readonly string[] {
  const { computationKeys } = model;
  if (initial.kind === 'fresh' || preTrained?.modelConfig === undefined || computationKeys === undefined) return [];
  const before = settingsOf(hyperparametersOf(preTrained.modelConfig));
  const now = modelSettings(model.config, request.neighbours);
  const differing = new Map<string, Set<string>>();
  for (const path of new Set(initial.match.matched.map(({ to }) => parentOf(to)))) {
    const keys = computationKeys(path).filter((key) => before[key] !== undefined && !isEqual(before[key], now[key]));
    const module = path.split('.')[0] ?? '';
    if (keys.length > 0) differing.set(module, new Set([...(differing.get(module) ?? []), ...keys]));
  }
  return [...differing].map(([module, keys]) => {
    const differences = [...keys].sort().map((key) => differenceOf(key, before, now));
    return `"${module}" starts from weights that were trained to compute something else: ${differences.join('; ')}. Set the pre-trained model's values unless the change is meant.`;
  });
}

/** Settings of a document: its hyperparameters, and those of its datamodule that a model's computation depends on. */
function settingsOf(config: JsonObject): JsonObject {
  const { datamodule } = config;
  if (typeof datamodule !== 'object' || datamodule === null) return config;
  return { ...config, ...Object.fromEntries(Object.entries(datamodule).map(([key, value]) => [`datamodule.${key}`, value])) };
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : path;
}
