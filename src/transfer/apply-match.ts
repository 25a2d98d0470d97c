import type { MatchReport } from '../contracts/plan.ts';
import type { TensorData, Weights } from '../contracts/tensors.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';

/**
 * Makes the initial weights: those of `fresh`, with every matched tensor copied from `source`. Values are copied, never shared, so that
 * one source can feed several targets. Atomic. Throws SHAPE_MISMATCH with every tensor that `source` does not hold as the report says
 * (the file has changed since it was planned).
 */
export function applyMatch(report: MatchReport, source: Weights, fresh: Weights): Weights {
  const problems = report.matched.flatMap(({ from, to }): Problem[] => {
    const given = source.get(from);
    const wanted = fresh.get(to);
    if (given !== undefined && wanted !== undefined && describe(given) === describe(wanted)) return [];
    return [{ where: to, text: `expected ${describe(wanted)}, received ${describe(given)} (from "${from}")` }];
  });
  if (problems.length > 0) {
    throw new RootstockError(
      'SHAPE_MISMATCH',
      composeMessage('The pre-trained weights are not those that were planned with.', problems, 'plan the run again.'),
      { problems },
    );
  }
  const origins = new Map(report.matched.map(({ from, to }) => [to, from]));
  return new Map(
    [...fresh].map(([path, tensor]) => {
      const given = source.get(origins.get(path) ?? '');
      return [path, origins.has(path) && given !== undefined ? { ...given, data: given.data.slice() } : tensor];
    }),
  );
}

function describe(tensor: TensorData | undefined): string {
  return tensor === undefined ? 'nothing' : `${tensor.dtype} [${tensor.shape.join(', ')}]`;
}
