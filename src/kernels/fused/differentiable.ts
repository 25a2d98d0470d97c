import { backend, engine, type Tensor } from '@tensorflow/tfjs-core';
import { inScope, itself } from '../scope.ts';
import { FUSED, outlivesPass, tape } from '../tape.ts';
import type { WasmBackend } from '../wasm/heap.ts';

/** An operation with a gradient of its own. */
export interface Differentiable {
  /** Tensors that may lead to a trained parameter, by name; null: not there. */
  readonly inputs: Readonly<Record<string, Tensor | null>>;
  /** Computes the result and hands `save` what the backward pass needs (null: there will be none). Whatever else it makes is freed. */
  readonly forward: (backend: WasmBackend, save: Save | null) => Tensor;
  /**
   * Gradients of the inputs from that of the result; each is computed only when its input leads to a trained parameter. Whatever else they make is freed
   * after the whole backward pass.
   */
  readonly backward: (backend: WasmBackend, dy: Tensor, saved: readonly Tensor[]) => Readonly<Record<string, () => Tensor>>;
}

/** Keeps tensors for the backward pass. Called once: all of them. */
export type Save = (tensors: readonly Tensor[]) => void;

/**
 * Runs an operation on the wasm backend and records how to differentiate it. `forward` runs no operation of tfjs: that would be recorded, too. tf.customGrad
 * would compute the gradients of all inputs, those of constants too, and record a step of its own for each tensor it keeps.
 */
export function runDifferentiable({ inputs, forward, backward }: Differentiable): Tensor {
  const heap = backend() as unknown as WasmBackend;
  const recorder = tape();
  if (!recorder.isTapeOn()) return inScope(() => forward(heap, null), itself);
  const first = recorder.nextTensorId();
  let asked: readonly Tensor[] = [];
  let saved: readonly Tensor[] = [];
  const owned: Tensor[] = [];
  const output = inScope(() => {
    const made = forward(heap, (tensors) => {
      asked = tensors;
    });
    saved = asked.map((tensor) => {
      if (outlivesPass(tensor)) return tensor;
      // What was made on the way, and is kept by nobody else, is the operation's own.
      const isOwn = tensor.id > first && !tensor.kept && tensor !== made;
      const stays = isOwn ? engine().keep(tensor) : keepAlias(heap, tensor);
      owned.push(stays);
      return stays;
    });
    return made;
  }, itself);
  recorder.addTapeNode(FUSED, withoutMissing(inputs), [output], (dy) => backward(heap, dy, saved), owned);
  return output;
}

function withoutMissing(inputs: Differentiable['inputs']): Readonly<Record<string, Tensor>> {
  for (const name in inputs) if (inputs[name] === null) return copyOfThere(inputs);
  return inputs as Readonly<Record<string, Tensor>>;
}

function copyOfThere(inputs: Differentiable['inputs']): Readonly<Record<string, Tensor>> {
  const there: Record<string, Tensor> = {};
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor) there[name] = tensor;
  }
  return there;
}

/** The same data as a tensor that no tidy frees. */
function keepAlias(heap: WasmBackend, { dataId, shape, dtype }: Tensor): Tensor {
  heap.incRef(dataId);
  return engine().keep(engine().makeTensorFromTensorInfo({ dataId, shape, dtype }));
}

/** A float32 tensor of the scope at hand; its memory is not zeroed. */
export function newTensor(backend: WasmBackend, shape: readonly number[]): Tensor {
  return engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32'));
}
