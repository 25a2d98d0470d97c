import type { ModuleTree, Weights } from '../../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../../errors.ts';

/** Checks that weights are those of a model: every tensor with its shape, and no other. CHECKPOINT_INVALID lists all that differ. */
export function checkWeights({ tensors }: ModuleTree, weights: Weights, where: string): void {
  const expected = new Map(tensors.map((spec) => [spec.path, spec]));
  const problems = [...new Set([...expected.keys(), ...weights.keys()])].flatMap((path) => {
    const [wanted, found] = [expected.get(path), weights.get(path)].map((tensor) =>
      tensor === undefined ? 'nothing' : `${tensor.dtype} [${tensor.shape.join(', ')}]`,
    );
    return wanted === found ? [] : [{ where: path, text: `expected ${wanted}, received ${found}` }];
  });
  if (problems.length === 0) return;
  throw new RootstockError(
    'CHECKPOINT_INVALID',
    composeMessage(
      `"${where}" holds weights of another model than its model_config.json: ${problems.length} of ${expected.size} tensors differ.`,
      problems,
      'put the model_config.json beside the weights that it was saved with.',
    ),
    { where, problems },
  );
}
