import type { MatchReport } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { ModuleTree, TensorData, Weights } from '../contracts/tensors.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';

/** What the numbers of a pre-trained model are judged by. */
export interface CheckFiniteInput {
  readonly report: Pick<MatchReport, 'matched'>;
  /** The new model: says which matched tensors are parameters. */
  readonly tree: ModuleTree;
  /** The pre-trained model as the user named it, for messages. */
  readonly source: string;
}

/**
 * Checks that the tensors that a match copies can be trained from: no NaN in any, no infinity in parameters; buffers may hold infinities, as
 * masks do. What the match leaves in the file is not looked at, nor is an optimizer's state. CHECKPOINT_INVALID lists every tensor at fault
 * by its path in the pre-trained model, with how many of its values and the first place of one.
 */
export function checkFinite(weights: Weights, { report, tree, source }: CheckFiniteInput): void {
  const kinds = new Map(tree.tensors.map(({ path, kind }) => [path, kind]));
  const matched = new Map(report.matched.map(({ from, to }) => [from, kinds.get(to)]));
  const problems = [...matched].flatMap(([path, kind]): readonly Problem[] => {
    const tensor = weights.get(path);
    return tensor?.data instanceof Float32Array ? problemOf(path, tensor, kind === 'buffer' ? Number.isNaN : isNotFinite) : [];
  });
  if (problems.length === 0) return;
  const headline = `"${source}" cannot be started from: ${problems.length} of ${matched.size} matched ${plural(matched.size, 'tensor')} ${plural(problems.length, 'holds', 'hold')} NaN or infinities. This was seen when the weights were loaded.`;
  const fix = 'take an earlier checkpoint, the training that wrote this one diverged; or leave these modules out of modules_to_match.';
  throw new RootstockError('CHECKPOINT_INVALID', composeMessage(headline, problems, fix), { where: source, problems });
}

function problemOf(path: string, { data, shape }: TensorData, isBad: (value: number) => boolean): readonly Problem[] {
  // A loop of its own: findIndex takes three times as long, and a model has up to 10^9 values.
  let [first, count] = [-1, 0];
  for (let position = 0; position < data.length; position++) {
    if (!isBad(data[position] as number)) continue;
    if (first === -1) first = position;
    count += 1;
  }
  if (first === -1) return [];
  const text = `${count} of ${data.length} ${plural(data.length, 'value')}, the first at [${indexOf(first, shape).join(', ')}]: ${data[first]}`;
  return [{ where: path, text }];
}

function isNotFinite(value: number): boolean {
  return value - value !== 0;
}

/** The index per dimension of a row-major position. */
function indexOf(position: number, shape: readonly number[]): readonly number[] {
  let rest = position;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = (rest - index) / size;
      return index;
    })
    .toReversed();
}
