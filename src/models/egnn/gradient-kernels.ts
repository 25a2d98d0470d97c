import type { JsonObject } from '../../contracts/json.ts';
import { lossGradientKernels } from '../losses/gradient-kernels.ts';
import { sequentialGradientKernels } from '../nn/sequential.ts';
import { mlpLayers } from './mlp.ts';
import { readEgnnSettings } from './settings.ts';

/** Gathers and sums over edges, concatenations, residuals, gates. */
const BODY = [
  'BatchMatMul',
  'GatherV2',
  'GreaterEqual',
  'Less',
  'LogicalAnd',
  'Multiply',
  'Select',
  'SplitV',
  'Sum',
  'Transpose',
  'UnsortedSegmentSum',
  'ZerosLike',
];

const BASIS = ['Cos', 'Multiply', 'Neg', 'RealDiv', 'Square', 'Sqrt', 'Sum'];

/** Of moved atoms: distances that depend on parameters. */
const COORDINATES = ['GreaterEqual', 'LogicalNot', 'Multiply', 'Neg', 'RealDiv', 'Sqrt', 'Square', 'Sum', 'Tile'];

/** tfjs kernels that the backward pass of an EGNN runs, with the losses that its configuration names. */
export function egnnGradientKernels(config: JsonObject): readonly string[] {
  const settings = readEgnnSettings(config);
  const activations = [settings.mlpOutputActivation, settings.outputActivation, 'Sigmoid'] as const;
  const shape = { inFeatures: 1, outFeatures: 1, numLayers: 2 };
  const losses = Object.keys(config).filter((key) => key.endsWith('_loss_config'));
  return [
    ...new Set([
      ...BODY,
      ...activations.flatMap((outputActivation) => sequentialGradientKernels(mlpLayers(settings, { ...shape, outputActivation }))),
      ...(settings.numRbf > 0 ? BASIS : []),
      ...(settings.modifyCoords ? [...BASIS, ...COORDINATES] : []),
      ...(settings.poolType === 'mean' ? ['RealDiv'] : []),
      ...losses.flatMap((key) => lossGradientKernels(config[key])),
    ]),
  ].sort();
}
