import type { TorchArguments } from '../torch-arguments.ts';
import { adamRule } from './adam.ts';
import type { UpdateRule } from './optimizer.ts';

/** torch.optim.AdamW (Loshchilov and Hutter 2019): the parameter shrinks by lr * weight_decay (default 0.01) before the step. */
export function adamW(config: TorchArguments): UpdateRule {
  return adamRule(config, { decay: 'decoupled', weightDecay: 0.01 });
}
