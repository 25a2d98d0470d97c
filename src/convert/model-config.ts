import type { Json, JsonObject } from '../contracts/json.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';
import { isObject } from './json-object.ts';

/** A model_config: which model, and its configuration. */
export interface ModelConfig {
  readonly name: string;
  readonly config: JsonObject;
}

const FIX = "give what the script passes to molflux.modelzoo.load_from_dict, or a saved model's directory or model_config.json.";

/** Checks that a value is a model_config. `place`: where it begins. CONFIG_INVALID says what was found instead. */
export function checkModelConfig(value: Json, place: string): ModelConfig {
  if (isObject(value) && typeof value['name'] === 'string' && isObject(value['config']))
    return { name: value['name'], config: value['config'] };
  const headline = `${place}: this is not a model_config: expected a dictionary with "name" (text) and "config" (a dictionary).`;
  const { problems, fix } = isObject(value) ? explainObject(value) : { problems: [received(value)], fix: FIX };
  throw new RootstockError('CONFIG_INVALID', composeMessage(headline, problems, fix), { place, problems });
}

/** Whether a mapping is a run file: it says which model and which data, or where the result goes. */
export function isRunFile(value: JsonObject): boolean {
  return isObject(value['model']) && ['data', 'output'].some((key) => Object.hasOwn(value, key));
}

function received(value: Json): Problem {
  const isWrapped = Array.isArray(value) && value.length === 1 && isObject(value[0]) && isObject(value[0]['config']);
  return { where: '', text: `received ${describe(value)}${isWrapped ? '; take its one entry out of the list' : ''}` };
}

/** What is wrong with a dictionary. One with keys of a configuration is most likely what belongs under "config". */
function explainObject(value: JsonObject): { readonly problems: readonly Problem[]; readonly fix: string } {
  if (isRunFile(value)) {
    const text = 'this is a run file already (its keys are model, data and output), and there is nothing to convert';
    return { problems: [{ where: '', text }], fix: '"rootstock plan" with this file shows what it does.' };
  }
  const { name, config } = value;
  const problems: Problem[] = [];
  if (typeof name !== 'string') problems.push({ where: 'name', text: `expected text, received ${describe(name)}` });
  if (!isObject(config)) problems.push({ where: 'config', text: `expected a dictionary, received ${describe(config)}` });
  const keys = Object.keys(value);
  const shown = keys.length > 12 ? `${keys.slice(0, 12).join(', ')}, ... (${keys.length} in all)` : keys.join(', ');
  problems.push({ where: '', text: keys.length === 0 ? 'the dictionary is empty' : `the keys are: ${shown}` });
  const isInner = config === undefined && ['x_features', 'y_features', 'datamodule', 'trainer'].some((key) => Object.hasOwn(value, key));
  return { problems, fix: isInner ? `put it under "config", beside the model's name: {"name": "egnn_model", "config": {...}}.` : FIX };
}

function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isObject(value)) return 'a dictionary';
  return JSON.stringify(value);
}
