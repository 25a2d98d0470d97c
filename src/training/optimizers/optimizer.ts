import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { TorchArguments } from '../torch-arguments.ts';

/** An optimizer's state of one parameter by torch's name (`exp_avg`). All float32; the parameter's shape, or `[]` for a scalar. */
export type Slots = Readonly<Record<string, Tensor>>;

/** Everything one update of one parameter depends on. */
export interface UpdateInput {
  /** Dotted path; identity of the state. */
  readonly path: string;
  /** float32, any shape S. */
  readonly parameter: Tensor;
  /** Shape S. */
  readonly gradient: Tensor;
  readonly slots: Slots;
  /** Tensors like the slots whose values nobody needs: the next slots may be written there, which saves making and freeing tensors. Absent: there are none. */
  readonly spare?: Slots | undefined;
  /**
   * Whether the gradient's memory is its own, nobody reads it afterwards, and no operation has read it as a weight: the next parameter may be written there
   * and be handed over, which saves as much. Absent: no.
   */
  readonly mayTakeGradient?: boolean;
  /** 1-based count of this parameter's own updates: a parameter unfrozen later starts at 1, as in torch. */
  readonly step: number;
  /** The learning rate of this step, from the scheduler. */
  readonly lr: number;
  /** Stands in for momentum, or for the first of betas, in this step: a schedule that cycles it. Absent: the optimizer's own. */
  readonly momentum?: number | undefined;
}

/** The next values, in new tensors or in those that the input offers for it: others that hold values are neither changed nor handed back. */
export interface UpdateResult {
  readonly parameter: Tensor;
  readonly slots: Slots;
}

/**
 * A torch optimizer over paths. Holds no state: everything that the next update depends on is in `slots` and the whole number
 * `step` (beta powers are computed from it in float64, see `integerPower`), so saving and restoring those gives the same bits.
 */
export interface Optimizer {
  /** Canonical torch name. */
  readonly name: string;
  /** The base learning rate of each parameter group: the optimizer's own first. */
  readonly baseLrs: readonly number[];
  /** The group of the parameter at a path: its position in `baseLrs`. */
  groupOf(path: string): number;
  /** Names of the state of the parameter at a path, in torch's order. */
  slotNames(path: string): readonly string[];
  /** The state before a parameter's first update. The caller owns the tensors. */
  initialState(spec: Pick<TensorSpec, 'path' | 'shape'>): Slots;
  /** One update of one parameter. Call inside `tf.tidy` and keep what it returns. */
  update(input: UpdateInput): UpdateResult;
}

/** One torch class with its arguments bound: what a file of this folder provides. */
export interface UpdateRule {
  readonly slots: readonly SlotRule[];
  /** Same contract as `Optimizer.update`. */
  update(input: UpdateInput): UpdateResult;
}

/** A piece of state and its value before the first update. */
export interface SlotRule {
  readonly name: string;
  /** Every element's first value. */
  readonly fill: number;
  /** Has the parameter's shape, or is one number. */
  readonly extent: 'parameter' | 'scalar';
}

/** Binds the arguments of a torch class; throws STAGE_INVALID for values that torch would refuse. */
export type UpdateRuleFactory = (config: TorchArguments) => UpdateRule;

/** A slot of the parameter's shape that starts at zero. */
export function zeroSlot(name: string): SlotRule {
  return { name, fill: 0, extent: 'parameter' };
}

/** A slot that must be there. A missing one is a bug of the caller, not of a run file. */
export function slot(slots: Slots, name: string): Tensor {
  const tensor = slots[name];
  if (tensor === undefined) throw new Error(`optimizer slot "${name}" is missing; initialState and slotNames say which there must be`);
  return tensor;
}
