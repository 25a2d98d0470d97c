/** Losses that a `*_loss_config` can name: torch.nn's and physicsml's. GaussianNLLLoss stands in mean-variance models only. */
export const LOSS_NAMES = [
  'BCELoss',
  'BCEWithLogitsLoss',
  'CrossEntropyLoss',
  'GaussianNLLLoss',
  'HuberLoss',
  'KLDivLoss',
  'L1Loss',
  'MaskedMSELoss',
  'MSELoss',
  'MultiTaskLoss',
  'PoissonNLLLoss',
  'SerialBCEWithLogitsLoss',
  'SmoothL1Loss',
  'SoftMarginLoss',
  'WeightedMSELoss',
] as const;

/** A loss that is built. */
export type LossName = (typeof LOSS_NAMES)[number];

/** Losses that physicsml 0.6.0 lists and that are not built: they need class indices, several inputs, or pairs. */
export const LOSSES_NOT_BUILT: readonly string[] = [
  'CosineEmbeddingLoss',
  'CTCLoss',
  'HingeEmbeddingLoss',
  'MarginRankingLoss',
  'MultiLabelMarginLoss',
  'MultiLabelSoftMarginLoss',
  'MultiMarginLoss',
  'NLLLoss',
  'TripletMarginLoss',
  'TripletMarginWithDistanceLoss',
];
