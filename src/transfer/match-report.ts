import type { MatchReport, ModuleMatchRow, TensorMatch } from '../contracts/plan.ts';
import { type ModulePair, movedPath } from './mapping.ts';
import type { MatchSides } from './match-sides.ts';
import { byteCount, coverByModules, parameterCount, type TensorFacts } from './module-tree.ts';

/**
 * Writes down a match that has no problems. Parameters count the scalars of parameters (of float tensors on the pre-trained side, whose
 * file does not tell buffers apart); bytes count buffers too. Order is that of the trees.
 */
export function matchReport({ preTrained, model, pairs, governing, targetModules, sourceModules }: MatchSides): MatchReport {
  const governed = model.tensors.flatMap((tensor) => {
    const pair = governing.get(tensor.path);
    return pair === undefined ? [] : [{ tensor, pair, from: movedPath(tensor.path, pair.to, pair.from) }];
  });
  const used = new Set(governed.map(({ from }) => from));
  const fed = new Set(governed.map(({ tensor }) => tensor.path));
  const matched = governed.map(({ tensor }) => tensor);
  const fresh = model.tensors.filter(({ path }) => !fed.has(path));
  const unused = preTrained.tensors.filter(({ path }) => !used.has(path));

  const copied = new Map(pairs.map((pair): [ModulePair, TensorFacts[]] => [pair, []]));
  for (const { pair, tensor } of governed) copied.get(pair)?.push(tensor);
  const matchedRows = pairs.flatMap((pair) => {
    const tensors = copied.get(pair) ?? [];
    if (pair.to !== '') return [row('matched', { from: pair.from, to: pair.to }, tensors)];
    return cover(model.tensors, tensors).map((name) =>
      row(
        'matched',
        { from: movedPath(name, '', pair.from), to: name },
        targetModules.get(name) ?? tensors.filter(({ path }) => path === name),
      ),
    );
  });
  const freshRows = cover(model.tensors, fresh).map((name) =>
    row('fresh', { from: null, to: name }, targetModules.get(name) ?? fresh.filter(({ path }) => path === name)),
  );
  const unusedRows = cover(preTrained.tensors, unused).map((name) =>
    row('unused', { from: name, to: null }, sourceModules.get(name) ?? unused.filter(({ path }) => path === name)),
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
    modules: [...matchedRows, ...freshRows, ...unusedRows],
  };
}

function cover(all: readonly TensorFacts[], some: readonly TensorFacts[]): readonly string[] {
  return coverByModules({ tensors: all }, new Set(some.map(({ path }) => path)));
}

function row(
  status: ModuleMatchRow['status'],
  names: Pick<ModuleMatchRow, 'from' | 'to'>,
  tensors: readonly TensorFacts[],
): ModuleMatchRow {
  return { status, ...names, parameters: parameterCount(tensors), bytes: byteCount(tensors) };
}
