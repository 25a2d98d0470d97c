import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { ForwardContext, Params } from '../models/definition.ts';
import type { Batch } from './batches.ts';
import type { Model } from './stage-setup.ts';

/** What a forward pass gives. Tensors belong to the caller's tidy. */
export interface PassResult {
  /** Outputs by head; a model of plain features has one, `y`: [B, T] values or [B, K] logits. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The scalar to minimise: a mean over the batch. */
  readonly loss: Scalar;
}

/** Computes outputs and loss of one batch, whatever kind of model and batch it is. */
export function passModel({ definition, config, ops }: Model, params: Params, batch: Batch, context: ForwardContext): PassResult {
  if (definition.inputs === 'graphs') {
    if (batch.kind !== 'graphs') throw mismatch(definition.name, batch.kind);
    const outputs = definition.forward(params, batch.graphs, context);
    return { outputs, loss: definition.loss(outputs, batch.graphs, context).total };
  }
  if (batch.kind !== 'features') throw mismatch(definition.name, batch.kind);
  const y = definition.forward(params, batch.inputs, context);
  return { outputs: { y }, loss: definition.loss(y, batch.targets, ops, config) };
}

function mismatch(model: string, kind: string): RootstockError {
  return new RootstockError('INTERNAL', `The model "${model}" was given a batch of ${kind}.`);
}
