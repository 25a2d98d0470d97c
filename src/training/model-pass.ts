import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { ForwardContext, Params } from '../models/definition.ts';
import type { LossTerms } from '../ops/ops.ts';
import type { Batch } from './batches.ts';
import type { Model } from './stage-setup.ts';

/** What a forward pass gives. Tensors belong to the caller's tidy. */
export interface PassResult {
  /** Outputs by head; a model of plain features has one, `y`: [B, T] values or [B, K] logits. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The scalar to minimise: a mean over the batch. */
  readonly loss: Scalar;
  /** The summands of the loss by head; none for a model of plain features. */
  readonly headLosses: Readonly<Record<string, Scalar>>;
}

/** Computes outputs and loss of one batch, whatever kind of model and batch it is. */
export function passModel(model: Model, params: Params, batch: Batch, context: ForwardContext): PassResult {
  const { definition, config, ops } = model;
  const outputs = computeOutputs(model, params, batch, context);
  if (definition.inputs === 'graphs') {
    if (batch.kind !== 'graphs') throw mismatch(definition.name, batch.kind);
    const loss = definition.loss(outputs, batch.graphs, context);
    return { outputs, loss: loss.total, headLosses: { ...loss.heads } };
  }
  if (batch.kind !== 'features') throw mismatch(definition.name, batch.kind);
  return { outputs, loss: definition.loss(outputs['y'] as Tensor, batch.targets, ops, config), headLosses: {} };
}

/** What a forward pass gives to an evaluation. Tensors belong to the caller's tidy. */
export interface JudgedPass {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** By head, of molecules; `loss` is the loss of plain features. A model without terms gives means over the batch, `loss` among them. */
  readonly losses: Readonly<Record<string, LossTerms | Scalar>>;
}

/** Computes outputs and what one batch adds to the losses. */
export function judgeModel(model: Model, params: Params, batch: Batch, context: ForwardContext): JudgedPass {
  const { definition, config, ops } = model;
  if (definition.lossTerms === undefined) {
    const { outputs, loss, headLosses } = passModel(model, params, batch, context);
    return { outputs, losses: { loss, ...headLosses } };
  }
  const outputs = computeOutputs(model, params, batch, context);
  if (definition.inputs === 'graphs') {
    if (batch.kind !== 'graphs') throw mismatch(definition.name, batch.kind);
    return { outputs, losses: { ...definition.lossTerms(outputs, batch.graphs, context) } };
  }
  if (batch.kind !== 'features') throw mismatch(definition.name, batch.kind);
  return { outputs, losses: { loss: definition.lossTerms(outputs['y'] as Tensor, batch.targets, ops, config) } };
}

/** Computes outputs by head; a model of plain features has one, `y`. */
export function computeOutputs({ definition }: Model, params: Params, batch: Batch, context: ForwardContext): PassResult['outputs'] {
  if (definition.inputs === 'graphs') {
    if (batch.kind !== 'graphs') throw mismatch(definition.name, batch.kind);
    const { graphs, encoded } = batch;
    if (encoded === undefined) return { ...definition.forward(params, graphs, context) };
    return { ...encoded.prefix.decode(params, encoded.values, { graphs, ctx: context }) };
  }
  if (batch.kind !== 'features') throw mismatch(definition.name, batch.kind);
  const { inputs, prefix } = batch;
  return { y: prefix === undefined ? definition.forward(params, inputs, context) : prefix.decode(params, inputs, context) };
}

function mismatch(model: string, kind: string): RootstockError {
  return new RootstockError('INTERNAL', `The model "${model}" was given a batch of ${kind}.`);
}
