import { engine, type Tensor } from '@tensorflow/tfjs-core';

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

/** What our own operations are called on the tape. Their gradients make no tensors beside their results. */
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
  readonly state: {
    /** What was recorded, oldest first; null when nothing is. */
    activeTape: TapeNode[] | null;
  };
}

/** The tape of tfjs's engine. */
export function tape(): Tape {
  return engine() as unknown as Tape;
}
