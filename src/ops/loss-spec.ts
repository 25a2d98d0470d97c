/** How a batch's loss becomes one number: the mean or sum over all elements; batchmean divides the sum by the lines. */
export type Reduction = 'mean' | 'sum' | 'batchmean';

/** A loss that is a number per element. Names and arguments are torch.nn's (PyTorch 2.4); a weight is one number per column, or null. */
export type ElementLoss =
  | { readonly name: 'MSELoss' | 'L1Loss' | 'SoftMarginLoss' }
  | { readonly name: 'HuberLoss'; readonly delta: number }
  | { readonly name: 'SmoothL1Loss'; readonly beta: number }
  | { readonly name: 'BCELoss'; readonly weight: readonly number[] | null }
  | { readonly name: 'BCEWithLogitsLoss'; readonly weight: readonly number[] | null; readonly posWeight: readonly number[] | null }
  | { readonly name: 'PoissonNLLLoss'; readonly logInput: boolean; readonly full: boolean; readonly eps: number }
  | { readonly name: 'KLDivLoss'; readonly logTarget: boolean };

/** An element loss with its reduction, times `scale`. */
export interface ReducedLoss {
  readonly kind: 'reduced';
  readonly element: ElementLoss;
  readonly reduction: Reduction;
  readonly scale: number;
}

/** The loss of one head. */
export type LossSpec =
  | ReducedLoss
  /** torch's CrossEntropyLoss with class probabilities as targets: the columns are the classes. */
  | {
      readonly kind: 'classes';
      readonly weight: readonly number[] | null;
      readonly labelSmoothing: number;
      readonly reduction: 'mean' | 'sum';
      readonly scale: number;
    }
  /** torch's GaussianNLLLoss: reads a variance beside the prediction. */
  | { readonly kind: 'gaussian'; readonly full: boolean; readonly eps: number; readonly reduction: 'mean' | 'sum'; readonly scale: number }
  /** physicsml's WeightedMSELoss: errors of one column divided by atoms per molecule. */
  | { readonly kind: 'per_atom'; readonly scale: number }
  /** physicsml's MaskedMSELoss: the mean over the targets that are there. */
  | { readonly kind: 'masked'; readonly scale: number }
  /** physicsml's MultiTaskLoss: one loss per column over the targets that are there, divided by the number of columns. */
  | { readonly kind: 'tasks'; readonly tasks: readonly ReducedLoss[] };
