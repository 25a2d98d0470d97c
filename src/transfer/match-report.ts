import type { MatchReport, ModuleMatchRow, TensorMatch } from '../contracts/plan.ts';
import { movedPath } from './mapping.ts';
import type { MatchSides } from './match-sides.ts';
import { byteCount, coverByModules, parameterCount, type TensorFacts, tensorsUnder } from './module-tree.ts';

/**
 * Writes down a match that has no problems. Parameters count the scalars of parameters (of float tensors on the pre-trained side, whose
 * file does not tell buffers apart); bytes count buffers too. Order is that of the trees.
 */
export function matchReport({ preTrained, model, pairs, governing }: MatchSides): MatchReport {
  const governed = model.tensors.flatMap((tensor) => {
    const pair = governing.get(tensor.path);
    return pair === undefined ? [] : [{ tensor, pair, from: movedPath(tensor.path, pair.to, pair.from) }];
  });
  const used = new Set(governed.map(({ from }) => from));
  const fed = new Set(governed.map(({ tensor }) => tensor.path));
  const matched = governed.map(({ tensor }) => tensor);
  const fresh = model.tensors.filter(({ path }) => !fed.has(path));
  const unused = preTrained.tensors.filter(({ path }) => !used.has(path));

  const matchedRows = pairs.flatMap((pair) => {
    const tensors = governed.filter((each) => each.pair === pair).map(({ tensor }) => tensor);
    if (pair.to !== '') return [row('matched', { from: pair.from, to: pair.to }, tensors)];
    const names = coverByModules(model, new Set(tensors.map(({ path }) => path)));
    return names.map((name) => row('matched', { from: movedPath(name, '', pair.from), to: name }, tensorsUnder(model, name)));
  });
  const rowsOf = (status: 'fresh' | 'unused', tree: { readonly tensors: readonly TensorFacts[] }, tensors: readonly TensorFacts[]) =>
    coverByModules(tree, new Set(tensors.map(({ path }) => path))).map((name) =>
      row(status, status === 'fresh' ? { from: null, to: name } : { from: name, to: null }, tensorsUnder(tree, name)),
    );
  return {
    matched: governed.map(({ tensor, from }): TensorMatch => ({ from, to: tensor.path })),
    missing: fresh.map(({ path }) => path),
    unexpected: unused.map(({ path }) => path),
    counts: {
      matchedTensors: matched.length,
      matchedParameters: parameterCount(matched),
      matchedBytes: byteCount(matched),
      freshParameters: parameterCount(fresh),
      freshBytes: byteCount(fresh),
      unusedParameters: parameterCount(unused),
      unusedBytes: byteCount(unused),
    },
    modules: [...matchedRows, ...rowsOf('fresh', model, fresh), ...rowsOf('unused', preTrained, unused)],
  };
}

function row(
  status: ModuleMatchRow['status'],
  names: Pick<ModuleMatchRow, 'from' | 'to'>,
  tensors: readonly TensorFacts[],
): ModuleMatchRow {
  return { status, ...names, parameters: parameterCount(tensors), bytes: byteCount(tensors) };
}
