import type { JsonObject } from '../contracts/json.ts';
import type { InitialPlan, ModulesToMatch, PreTrainedSource } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import { match } from '../transfer/match.ts';
import { differenceOf, hyperparametersOf, isEqual, show } from './model-differences.ts';
import type { ModelFacts, PreTrainedFacts } from './plan-facts.ts';

/** Works out what stage 1 starts from. Throws the errors of `match`, which then also say how the two models were configured differently. */
export function planInitial(model: ModelFacts, preTrained: PreTrainedFacts | null, mapping: ModulesToMatch | null): InitialPlan {
  if (preTrained === null) return { kind: 'fresh' };
  const { source, tensors, modelConfig, featurisation } = preTrained;
  try {
    const { report } = match({ tensors, source: placeOf(source) }, model.tree, mapping);
    return {
      kind: 'pre_trained',
      source,
      modulesToMatch: mapping,
      match: report,
      ...(featurisation === undefined ? {} : { featurisation }),
    };
  } catch (error) {
    if (!(error instanceof RootstockError) || modelConfig === undefined) throw error;
    const before = hyperparametersOf(modelConfig);
    const differing = differingKeys(before, model.config);
    if (differing.length === 0) throw error;
    const differences = differing.map((key) => differenceOf(key, before, model.config));
    const text = `The models are configured differently: ${differences.slice(0, 5).join('; ')}.`;
    throw new RootstockError(
      error.code,
      withNote(error.message, text, settings(differing.slice(0, 5), before)),
      { ...error.details, configDifferences: differences },
      { cause: error },
    );
  }
}

function placeOf(source: PreTrainedSource): string {
  return source.kind === 'model' ? source.path : source.outputPath;
}

/** Puts a note before the fix, which stays the last line and begins with how to build the same model. */
function withNote(message: string, note: string, same: string): string {
  const start = '\nFix: ';
  const at = message.lastIndexOf(start);
  if (at === -1) return `${message}\n${note}`;
  const fix = `for the same model ${same} in model.config; for another one ${message.slice(at + start.length)}`;
  return `${message.slice(0, at)}\n${note}${start}${fix}`;
}

/** How to write the pre-trained model's values: "set a: 1, b: 2 and leave c out". */
function settings(keys: readonly string[], before: JsonObject): string {
  const set = keys.filter((key) => before[key] !== undefined).map((key) => `${key}: ${show(before[key])}`);
  const unset = keys.filter((key) => before[key] === undefined);
  const parts = [set.length === 0 ? '' : `set ${set.join(', ')}`, unset.length === 0 ? '' : `leave ${unset.join(', ')} out`];
  return parts.filter((part) => part !== '').join(' and ');
}

/** Keys of the new model whose value was another one. */
function differingKeys(before: JsonObject, now: JsonObject): readonly string[] {
  return Object.keys(now).filter((key) => !isEqual(before[key], now[key]));
}
