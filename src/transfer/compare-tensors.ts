import { plural } from '../contracts/plural.ts';
import type { ModulePair } from './mapping.ts';
import { movedPath } from './mapping.ts';
import type { MatchSides } from './match-sides.ts';
import { coverByModules, parameterCount, type TensorFacts, tensorsUnder } from './module-tree.ts';

/** The codes of a match that cannot be, gravest first. */
export const MATCH_CODES = [
  'MAPPING_EMPTY',
  'MODULE_NOT_FOUND',
  'MAPPING_INVERTED',
  'MAPPING_CONFLICT',
  'SHAPE_MISMATCH',
  'DTYPE_MISMATCH',
] as const;

/** A code of a match. */
export type MatchCode = (typeof MATCH_CODES)[number];

/** A problem of a match. */
export interface MatchProblem {
  readonly code: MatchCode;
  readonly where: string;
  readonly text: string;
  /** The pair at fault, if one is. */
  readonly pair: ModulePair | null;
}

/**
 * Compares the tensors of one pair, complete both ways: each tensor of the target has a source of its shape and dtype, each tensor of the
 * source has a target. Tensors of the target that a more specific pair feeds are that pair's matter, and so are tensors of the source
 * that a more specific pair takes elsewhere; `alone` looks at the pair as if it were the only one.
 */
export function compareTensors(pair: ModulePair, sides: MatchSides, alone = false): readonly MatchProblem[] {
  const { sources, targets, governing } = sides;
  const underTarget = sides.targetModules.get(pair.to) ?? [];
  const underSource = sides.sourceModules.get(pair.from) ?? [];
  const fed = alone ? underTarget : underTarget.filter(({ path }) => governing.get(path)?.to === pair.to);
  const unfed = fed.filter(({ path }) => !sources.has(movedPath(path, pair.to, pair.from)));
  const left = underSource.filter(
    ({ path }) => !targets.has(movedPath(path, pair.from, pair.to)) && (alone || !isTakenElsewhere(path, pair, sides)),
  );
  return [
    ...fed.flatMap((target) => differenceOf(target, pair, sides)),
    ...coverOf(unfed, underTarget, pair.to).map((name): MatchProblem => {
      const text = `the pre-trained model has no "${movedPath(name, pair.to, pair.from)}" (${sizeText(tensorsUnder({ tensors: underTarget }, name))})`;
      return { code: 'MODULE_NOT_FOUND', where: name, text, pair };
    }),
    ...coverOf(left, underSource, pair.from).map((name): MatchProblem => {
      const text = `the new model has nothing for "${name}" of the pre-trained one (${sizeText(tensorsUnder({ tensors: underSource }, name))})`;
      return { code: 'MODULE_NOT_FOUND', where: movedPath(name, pair.from, pair.to), text, pair };
    }),
  ];
}

/** Whether another pair names a module between this pair's source and a tensor. */
function isTakenElsewhere(path: string, { from }: ModulePair, { taken }: MatchSides): boolean {
  for (let dot = path.indexOf('.', from === '' ? 0 : from.length + 1); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    if (taken.has(path.slice(0, dot))) return true;
  }
  return false;
}

function coverOf(tensors: readonly TensorFacts[], all: readonly TensorFacts[], root: string): readonly string[] {
  return tensors.length === 0 ? [] : coverByModules({ tensors: all }, new Set(tensors.map(({ path }) => path)), root);
}

function differenceOf(target: TensorFacts, pair: ModulePair, { sources }: MatchSides): readonly MatchProblem[] {
  const path = movedPath(target.path, pair.to, pair.from);
  const source = sources.get(path);
  if (source === undefined) return [];
  const where = target.path;
  const origin = path === where ? '' : ` (from "${path}")`;
  if (shapeText(source) !== shapeText(target)) {
    return [{ code: 'SHAPE_MISMATCH', where, text: `expected ${shapeText(target)}, received ${shapeText(source)}${origin}`, pair }];
  }
  if (source.dtype !== target.dtype) {
    return [{ code: 'DTYPE_MISMATCH', where, text: `expected ${target.dtype}, received ${source.dtype}${origin}`, pair }];
  }
  return [];
}

function shapeText({ shape }: TensorFacts): string {
  return `[${shape.join(', ')}]`;
}

function sizeText(tensors: readonly TensorFacts[]): string {
  return tensors.length === 1
    ? `shape ${shapeText(tensors[0] as TensorFacts)}`
    : `${tensors.length} tensors, ${parameterCount(tensors)} ${plural(parameterCount(tensors), 'parameter')}`;
}
