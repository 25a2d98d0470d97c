import type { JsonObject } from '../contracts/json.ts';
import type { InitialPlan, ModulesToMatch, PreTrainedSource } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import { match } from '../transfer/match.ts';
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
    const differences = configDifferences(hyperparametersOf(modelConfig), model.config);
    if (differences.length === 0) throw error;
    const text = `The models are configured differently: ${differences.slice(0, 5).join('; ')}.`;
    throw new RootstockError(
      error.code,
      withNote(error.message, text),
      { ...error.details, configDifferences: differences },
      { cause: error },
    );
  }
}

function placeOf(source: PreTrainedSource): string {
  return source.kind === 'model' ? source.path : source.outputPath;
}

/** Puts a note before the fix, which stays the last line. */
function withNote(message: string, note: string): string {
  const at = message.lastIndexOf('\nFix: ');
  return at === -1 ? `${message}\n${note}` : `${message.slice(0, at)}\n${note}${message.slice(at)}`;
}

/** model_config.json is molflux's {name, config}. */
function hyperparametersOf(modelConfig: JsonObject): JsonObject {
  const { config } = modelConfig;
  return typeof config === 'object' && config !== null && !Array.isArray(config) ? (config as JsonObject) : modelConfig;
}

/** Absent and null are the same: a saved model_config writes every default out. */
function configDifferences(before: JsonObject, now: JsonObject): readonly string[] {
  return Object.keys(now)
    .filter((key) => JSON.stringify(before[key] ?? null) !== JSON.stringify(now[key] ?? null))
    .map((key) => `${key} was ${show(before[key])} in the pre-trained model, is ${show(now[key])} here`);
}

function show(value: JsonObject[string] | undefined): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
