import { plural } from '../../contracts/plural.ts';
import type { ModuleTree, Weights } from '../../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../../errors.ts';

/** A tensor that a weights file holds. */
export interface FoundTensor {
  readonly path: string;
  readonly shape: readonly number[];
  /** As in memory: float32 or int64. */
  readonly dtype: string;
}

/** Checks that tensors are those of a model: every one with its shape, and no other. CHECKPOINT_INVALID lists all that differ. */
export function checkTensors({ tensors }: ModuleTree, found: readonly FoundTensor[], where: string): void {
  const [expected, received] = [byPath(tensors), byPath(found)];
  const problems = [...new Set([...expected.keys(), ...received.keys()])].flatMap((path) => {
    const [wanted, given] = [expected.get(path) ?? 'nothing', received.get(path) ?? 'nothing'];
    return wanted === given ? [] : [{ where: path, text: `expected ${wanted}, received ${given}` }];
  });
  if (problems.length === 0) return;
  throw new RootstockError(
    'CHECKPOINT_INVALID',
    composeMessage(
      `"${where}" holds weights of another model than its model_config.json: ${problems.length} ${plural(problems.length, 'tensor differs', 'tensors differ')}, of ${expected.size} that it describes.`,
      problems,
      'put the model_config.json beside the weights that it was saved with.',
    ),
    { where, problems },
  );
}

/** Checks weights as `checkTensors` does. */
export function checkWeights(tree: ModuleTree, weights: Weights, where: string): void {
  checkTensors(
    tree,
    [...weights].map(([path, { shape, dtype }]) => ({ path, shape, dtype })),
    where,
  );
}

/** Checks that no weight is NaN, for such a model predicts NaN. Infinities pass: masks hold them. CHECKPOINT_INVALID lists all tensors that hold NaN. */
export function checkNumbers(weights: Weights, where: string): void {
  const problems = [...weights].flatMap(([path, { data }]) => {
    let count = 0;
    for (const value of data) if (Number.isNaN(value)) count += 1;
    return count === 0 ? [] : [{ where: path, text: `${count} of ${data.length} ${plural(data.length, 'value is', 'values are')} NaN` }];
  });
  if (problems.length === 0) return;
  const headline = `"${where}" holds NaN in ${problems.length} of ${weights.size} ${plural(weights.size, 'tensor')}, and would predict NaN.`;
  const fix = 'take an earlier checkpoint; the training that wrote this one diverged.';
  throw new RootstockError('CHECKPOINT_INVALID', composeMessage(headline, problems, fix), { where, problems });
}

function byPath(tensors: readonly FoundTensor[]): ReadonlyMap<string, string> {
  return new Map(tensors.map(({ path, shape, dtype }) => [path, `${dtype} [${shape.join(', ')}]`]));
}
