import type { JsonObject } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import type { Activation } from '../../ops/ops.ts';
import { MAX_LAYERS, readChoice, readCount, readFlag, readNamedActivation, readNumber } from '../read-config.ts';
import { rememberByObject } from '../remember.ts';
import { SCALES_NOTHING, scales } from './scaling.ts';

/** The hyperparameters that every EGNN has, read and checked. Names and defaults: physicsml 0.6.0. */
export interface EgnnSettings extends MlpSettings {
  /** Radial Bessel functions beside each distance; 0: the distance alone. */
  readonly numRbf: number;
  /** Blocks after the embedding block. */
  readonly numLayers: number;
  readonly numLayersPhi: number;
  readonly numLayersPooling: number;
  /** Whether blocks move the atoms. */
  readonly modifyCoords: boolean;
  readonly poolType: 'sum' | 'mean';
  readonly poolFrom: 'nodes' | 'edges' | 'nodes_edges';
  readonly outputActivation: Activation | null;
  readonly scalingMean: number;
  readonly scalingStd: number;
}

/** What all small networks of an EGNN share. */
export interface MlpSettings {
  /** c_hidden: width of every hidden layer, and of node and edge features. */
  readonly hidden: number;
  /** Null: no Dropout module, so no position is taken. */
  readonly dropout: number | null;
  readonly mlpActivation: Activation | null;
  readonly mlpOutputActivation: Activation | null;
}

/** Reads the hyperparameters from model.config. Errors: MODEL_CONFIG_INVALID. */
export const readEgnnSettings: (config: JsonObject) => EgnnSettings = rememberByObject(readSettings);

function readSettings(config: JsonObject): EgnnSettings {
  const count = (key: string, fallback: number, minimum: number) => readCount(config, key, { fallback, minimum });
  const layers = (key: string, fallback: number, minimum: number) => readCount(config, key, { fallback, minimum, maximum: MAX_LAYERS });
  const dropout = config['dropout'] ?? null;
  return {
    hidden: count('c_hidden', 128, 1),
    dropout: dropout === null ? null : readNumber(config, 'dropout', { fallback: 0, minimum: 0, below: 1 }),
    mlpActivation: readNamedActivation(config, 'mlp_activation', 'SiLU'),
    mlpOutputActivation: readNamedActivation(config, 'mlp_output_activation', null),
    numRbf: count('num_rbf', 0, 0),
    numLayers: layers('num_layers', 4, 0),
    numLayersPhi: layers('num_layers_phi', 2, 1),
    numLayersPooling: layers('num_layers_pooling', 2, 1),
    modifyCoords: readFlag(config, 'modify_coords'),
    poolType: readChoice(config, 'pool_type', ['sum', 'mean']),
    poolFrom: readChoice(config, 'pool_from', ['nodes', 'edges', 'nodes_edges']),
    outputActivation: readNamedActivation(config, 'output_activation', null),
    scalingMean: readNumber(config, 'scaling_mean', { fallback: 0 }),
    scalingStd: readScalingStd(config),
  };
}

function readScalingStd(config: JsonObject): number {
  const value = readNumber(config, 'scaling_std', { fallback: 1 });
  if (scales(value)) return value;
  throw new RootstockError('MODEL_CONFIG_INVALID', `model.config.scaling_std: ${SCALES_NOTHING}, received ${value}.`, {
    key: 'scaling_std',
  });
}
