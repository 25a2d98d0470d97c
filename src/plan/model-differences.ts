import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { Json, JsonObject } from '../contracts/json.ts';

/** The hyperparameters of a document: model_config.json is molflux's {name, config}. */
export function hyperparametersOf(modelConfig: JsonObject): JsonObject {
  const { config } = modelConfig;
  return typeof config === 'object' && config !== null && !Array.isArray(config) ? (config as JsonObject) : modelConfig;
}

/** Hyperparameters, and under `datamodule.<key>` what else a model's computation depends on. */
export function modelSettings(config: JsonObject, neighbours: NeighbourPlan | undefined): JsonObject {
  if (neighbours === undefined) return config;
  return { ...config, 'datamodule.cut_off': neighbours.cutOff, 'datamodule.self_interaction': neighbours.selfInteraction };
}

/** Absent and null are the same: a saved model_config writes every default out. */
export function isEqual(before: Json | undefined, now: Json | undefined): boolean {
  return JSON.stringify(before ?? null) === JSON.stringify(now ?? null);
}

/** One difference, both values named. */
export function differenceOf(key: string, before: JsonObject, now: JsonObject): string {
  return `${key} was ${show(before[key])} in the pre-trained model, is ${show(now[key])} here`;
}

/** A value for people; a long one is cut. */
export function show(value: Json | undefined): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
