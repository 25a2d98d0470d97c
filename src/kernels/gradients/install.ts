import { elementwiseGradients } from './elementwise.ts';
import { type GradientTable, registerGradients } from './gradient.ts';
import { poolingGradients } from './pooling.ts';
import { productGradients } from './products.ts';
import { reductionGradients } from './reductions.ts';
import { shapeGradients } from './shapes.ts';

/** Kernels that can be differentiated, with how. */
export const gradientTable: GradientTable = {
  ...elementwiseGradients,
  ...reductionGradients,
  ...shapeGradients,
  ...productGradients,
  ...poolingGradients,
};

/**
 * Registers our gradients in tfjs-core. Its Node build ships none: they are in sources that Node cannot load and in the umbrella package
 * that also brings layers, converters and WebGL. Ours broadcast correctly where tfjs's throw (Maximum, Minimum, SquaredDifference) and
 * let comparisons of trained values stand in a `where`. Anything not in the table fails by name in tfjs-core. Idempotent.
 */
export function installGradients(): void {
  registerGradients(gradientTable);
}
