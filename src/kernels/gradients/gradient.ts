import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';

/** Gradients of one kernel's inputs, by input name; computed only for inputs that lead to a trained parameter. */
export type InputGradients = Readonly<Record<string, () => tf.Tensor>>;

/** How one kernel's backward pass works. `y` among the saved names is the kernel's (first) output. */
export interface Gradient {
  readonly saves: readonly string[];
  /** The kernel takes a list of tensors, and all are saved. */
  readonly savesList: boolean;
  readonly backward: (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[], attrs: unknown) => InputGradients;
}

/** Gradients by kernel name. */
export type GradientTable = Readonly<Record<string, Gradient>>;

/**
 * Defines a gradient by the names of the tensors it needs and a function of dy, those tensors and the kernel's attributes (`never`
 * here: each function states the type it expects, which tfjs does not check). Results are
 * always new tensors, never dy itself: tfjs disposes them when it adds several.
 */
export function gradient<const Name extends string>(
  saves: readonly Name[],
  backward: (dy: tf.Tensor, saved: Readonly<Record<Name, tf.Tensor>>, attrs: never) => InputGradients,
): Gradient {
  return {
    saves,
    savesList: false,
    backward(dy, saved, attrs) {
      const named = Object.fromEntries(saves.map((name, index) => [name, saved[index]])) as Record<Name, tf.Tensor>;
      return backward(dy as tf.Tensor, named, attrs as never);
    },
  };
}

/** Defines the gradient of a kernel whose inputs are a list. */
export function listGradient(backward: (dy: tf.Tensor, inputs: readonly tf.Tensor[], attrs: never) => readonly tf.Tensor[]): Gradient {
  return {
    saves: [],
    savesList: true,
    backward(dy, inputs, attrs) {
      const lazily = inputs.map((_, index) => [String(index), () => element(backward(dy as tf.Tensor, inputs, attrs as never), index)]);
      return Object.fromEntries(lazily) as InputGradients;
    },
  };
}

/** Defines the gradient of a kernel with several outputs, whose dy is a list. */
export function manyOutputsGradient(input: string, backward: (dys: readonly tf.Tensor[], attrs: never) => tf.Tensor): Gradient {
  return {
    saves: [],
    savesList: false,
    backward: (dys, _saved, attrs) => ({ [input]: () => backward(dys as tf.Tensor[], attrs as never) }),
  };
}

/** Registers gradients in tfjs-core, in place of any it has. */
export function registerGradients(table: GradientTable): void {
  for (const [kernelName, { saves, savesList, backward }] of Object.entries(table)) {
    tf.registerGradient({
      kernelName,
      inputsToSave: saves.filter((name) => name !== 'y'),
      outputsToSave: saves.includes('y') ? [true] : [],
      ...(savesList ? { saveAllInputs: true } : {}),
      gradFunc: backward,
    });
  }
}

/** Runs a kernel of the active backend that no public operation of tfjs reaches. */
export function kernel(name: string, inputs: Readonly<Record<string, tf.Tensor>>, attrs: object = {}): tf.Tensor {
  return tf.engine().runKernel(name, { ...inputs }, { ...attrs });
}

/** Adds up what broadcasting spread out: x [..., of the result] -> `shape`. */
export function sumTo(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes([...shape], x.shape);
  return tf.reshape(axes.length === 0 ? x : tf.sum(x, axes), [...shape]);
}

/** Refuses a gradient that is not defined here: KERNEL_MISSING, by name. */
export function refuseGradient(name: string, reason: string): never {
  throw new RootstockError('KERNEL_MISSING', `There is no gradient of ${name} for ${reason}.\nFix: avoid it in the model.`, {
    kernel: name,
    reason,
  });
}

function element(tensors: readonly tf.Tensor[], index: number): tf.Tensor {
  return tensors[index] as tf.Tensor;
}
