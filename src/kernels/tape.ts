import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { inScope, itself } from './scope.ts';

/** One recorded operation. */
export interface TapeNode {
  readonly kernelName: string;
  /** By name; null or undefined where an operation was given none. */
  readonly inputs: Readonly<Record<string, Tensor | null | undefined>>;
  readonly outputs: readonly Tensor[];
  /** Gradients of the inputs from those of the outputs (null: none came back). Absent: there is no gradient. */
  readonly gradient?: (dys: readonly (Tensor | null)[]) => Readonly<Record<string, () => Tensor>>;
  /** What the backward pass reads. */
  readonly saved?: readonly Tensor[];
}

/** What our own operations are called on the tape. Beside their results their gradients make little, which may live until the backward pass ends. */
export const FUSED = 'fused';

/** What tfjs-core 4.22 has below tf.customGrad and tf.variableGrads. */
export interface Tape {
  /** Whether what runs now is recorded, to be differentiated. */
  isTapeOn(): boolean;
  startTape(): void;
  endTape(): void;
  addTapeNode(
    name: string,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Tensor[],
    gradient: (dy: Tensor, saved: readonly Tensor[]) => Readonly<Record<string, () => Tensor>>,
    /** Disposed of when the gradients are there. */
    saved: readonly Tensor[],
  ): void;
  nextTensorId(): number;
  readonly state: {
    /** What was recorded, oldest first; null when nothing is. */
    activeTape: TapeNode[] | null;
  };
}

/** The tape of tfjs's engine. */
export function tape(): Tape {
  return engine() as unknown as Tape;
}

/** The number of the first tensor of the pass at hand; 0: none is recorded by `recordPass`. */
let firstOfPass = 0;

/** Runs a forward pass and records it. Whatever `f` makes beside its result, and does not keep, is freed. */
export function recordPass<T extends Tensor>(f: () => T): T {
  const recorder = tape();
  firstOfPass = recorder.nextTensorId();
  recorder.startTape();
  try {
    return inScope(f, itself);
  } finally {
    recorder.endTape();
    firstOfPass = 0;
  }
}

/**
 * Whether a tensor will be there for the backward pass without being saved: it was made and kept before the forward pass began, as parameters and batches are,
 * so that neither a tidy nor the model frees it.
 */
export function outlivesPass({ id, kept }: Tensor): boolean {
  return kept && id < firstOfPass;
}
