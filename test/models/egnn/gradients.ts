import * as tf from '@tensorflow/tfjs-core';
import type { ForwardContext, GraphBatch, GraphModel } from '../../../src/models/definition.ts';
import { floats } from '../support.ts';

/** Outputs, losses and gradients of one batch. A parameter that the loss does not depend on has no gradient, as in torch. */
export interface GraphGradients {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly loss: number;
  readonly headLosses: Readonly<Record<string, number>>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** Computes one forward and backward pass over the parameters at `paths`. */
export function graphGradients(
  model: GraphModel,
  {
    params,
    graphs,
    ctx,
    paths,
  }: {
    readonly params: Readonly<Record<string, tf.Tensor>>;
    readonly graphs: GraphBatch;
    readonly ctx: ForwardContext;
    readonly paths: readonly string[];
  },
): GraphGradients {
  const outputs: Record<string, Float32Array> = {};
  const headLosses: Record<string, number> = {};
  const { value, grads } = tf.engine().gradients(
    () => {
      const predicted = model.forward(params, graphs, ctx);
      for (const [head, output] of Object.entries(predicted)) outputs[head] = floats(output);
      const { total, heads } = model.loss(predicted, graphs, ctx);
      for (const [head, loss] of Object.entries(heads)) headLosses[head] = floats(loss)[0] ?? Number.NaN;
      return total;
    },
    paths.map((path) => params[path] as tf.Tensor),
    undefined,
    true,
  );
  // With allowNoGradients tfjs leaves holes, which its types do not say.
  const found = (grads as readonly (tf.Tensor | null | undefined)[]).flatMap((gradient, index) =>
    gradient ? [[paths[index] ?? '', floats(gradient)] as const] : [],
  );
  return { outputs, loss: floats(value)[0] ?? Number.NaN, headLosses, gradients: new Map(found) };
}
