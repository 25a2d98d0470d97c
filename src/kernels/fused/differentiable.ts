import { backend, engine, type Tensor } from '@tensorflow/tfjs-core';
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

/** Keeps tensors for the backward pass. */
export type Save = (tensors: readonly Tensor[]) => void;

/**
 * Runs an operation on the wasm backend and records how to differentiate it. `forward` runs no operation of tfjs: that would be recorded, too. tf.customGrad
 * would compute the gradients of all inputs, those of constants too, and record a step of its own for each tensor it keeps.
 */
export function runDifferentiable({ inputs, forward, backward }: Differentiable): Tensor {
  const heap = backend() as unknown as WasmBackend;
  const recorder = tape();
  const isRecorded = recorder.isTapeOn();
  const saved: Tensor[] = [];
  const aliases: Tensor[] = [];
  const save = (tensors: readonly Tensor[]) => {
    for (const tensor of tensors) {
      const stays = outlivesPass(tensor) ? tensor : keepAlias(heap, tensor);
      if (stays !== tensor) aliases.push(stays);
      saved.push(stays);
    }
  };
  const output = engine().tidy(() => forward(heap, isRecorded ? save : null));
  if (!isRecorded) return output;
  const given: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) if (tensor !== null) given[name] = tensor;
  recorder.addTapeNode(FUSED, given, [output], (dy) => backward(heap, dy, saved), aliases);
  return output;
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
