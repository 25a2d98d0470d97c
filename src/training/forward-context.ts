import { keep, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { ForwardContext } from '../models/definition.ts';
import { fillKeepMask, fillNormal } from '../random/fill.ts';
import { dropoutStream } from '../random/stream.ts';
import { isFrozenModule } from '../transfer/freeze.ts';
import type { Model, StageSetup } from './stage-setup.ts';

/** Creates the context of a forward pass in eval mode: dropout off, buffers still. */
export function evaluationContext({ config, facts, ops }: Model): ForwardContext {
  return {
    config,
    facts,
    ops,
    mode: () => 'eval',
    isFrozen: () => true,
    dropoutMask: (path) => forbidden(path, 'asks for a dropout mask'),
    noise: (path) => forbidden(path, 'asks for noise'),
    updateBuffer: (path) => forbidden(path, 'hands back a buffer'),
  };
}

/** Where a training batch stands. */
export interface TrainingAt {
  /** Batches of the stage before this one, from 0: with accumulation every batch of a step gets a dropout mask of its own. */
  readonly batchCounter: number;
  /** The parameters that gradients are asked of. */
  readonly trained: { has(parameterPath: string): boolean };
}

/**
 * Creates the context of a training batch. Modules whose whole subtree is frozen run in eval mode unless frozen_modules_mode is train. New buffers are
 * kept and handed to `onBuffer`, which owns them.
 */
export function trainingContext(
  setup: Pick<StageSetup, 'seed' | 'stage' | 'model'>,
  { batchCounter, trained }: TrainingAt,
  onBuffer: (path: string, value: Tensor) => void,
): ForwardContext {
  const { seed, stage, model } = setup;
  const frozenStandStill = stage.trainer.frozenModulesMode === 'eval';
  return {
    config: model.config,
    facts: model.facts,
    ops: model.ops,
    mode: (path) => (frozenStandStill && isFrozenModule(stage.mask, path) ? 'eval' : 'train'),
    isFrozen: (path) => !trained.has(path),
    dropoutMask(path, shape, p) {
      const mask = new Float32Array(shape.reduce((product, size) => product * size, 1));
      fillKeepMask(mask, p, dropoutStream(seed, { stage: stage.index, step: batchCounter, path }));
      return tensor(mask, [...shape], 'float32');
    },
    noise(path, shape) {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      fillNormal(values, 0, 1, dropoutStream(seed, { stage: stage.index, step: batchCounter, path }));
      return tensor(values, [...shape], 'float32');
    },
    updateBuffer: (path, value) => onBuffer(path, keep(value)),
  };
}

function forbidden(path: string, what: string): never {
  throw new RootstockError('INTERNAL', `${path}: the model ${what} in eval mode; check ctx.mode(path) first.`, { path });
}
