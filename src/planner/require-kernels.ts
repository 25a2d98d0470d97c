import type { Plan } from '../contracts/plan.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { BACKEND_KERNELS } from '../kernels/backend-kernels.ts';
import type { ModelDefinition } from '../models/definition.ts';

/**
 * Checks that every backend the stages name has the kernels that the model's backward pass needs. KERNEL_MISSING names them. What an optional
 * backend (tensorflow) has is not known without loading it; there the trainer checks before its first step.
 */
export function requireKernels({ stages, baseline, model }: Plan, definition: ModelDefinition): void {
  const needed = definition.gradientKernels(model.config);
  const problems = [...stages, ...(baseline === null ? [] : [baseline])].flatMap(({ name, trainer: { backend } }) => {
    if (backend !== 'wasm' && backend !== 'cpu') return [];
    const missing = needed.filter((kernel) => !BACKEND_KERNELS[backend].has(kernel)).sort();
    return missing.length === 0 ? [] : [{ where: `stage ${name}`, text: `the backend "${backend}" lacks ${missing.join(', ')}` }];
  });
  if (problems.length === 0) return;
  throw new RootstockError(
    'KERNEL_MISSING',
    composeMessage(
      `"${model.name}" cannot be trained.`,
      problems,
      'choose another trainer.accelerator; "rootstock doctor" shows what there is.',
    ),
    { model: model.name },
  );
}
