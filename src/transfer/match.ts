import { didYouMean } from '../contracts/nearest.ts';
import type { MatchReport, ModulesToMatch } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { compareTensors, type MatchProblem } from './compare-tensors.ts';
import { inverted, type ModulePair, mappingText, movedPath, pairsOf } from './mapping.ts';
import { matchFailure } from './match-failure.ts';
import { matchReport } from './match-report.ts';
import { type MatchSides, matchSides, memoryType, type PreTrainedTree } from './match-sides.ts';

/**
 * Decides which tensors of the new model are copied from which of the pre-trained one. Atomic: everything is checked first, every
 * problem is reported in one error, and only a match without problems gives a report.
 *
 * A mapping is {module in the pre-trained model: module(s) in the new one}; a module stands for all its children, parameters and buffers.
 * Null is the whole tree, complete both ways. Of nested targets the most specific decides, whatever the order.
 *
 * The error's code is the first of these that applies: MAPPING_EMPTY, MODULE_NOT_FOUND (a name, or a part of a module, that the other
 * side lacks), MAPPING_INVERTED (a pair that fits only reversed; prints the corrected mapping), MAPPING_CONFLICT (two sources for one
 * target), SHAPE_MISMATCH, DTYPE_MISMATCH. `details.problems` lists all of them with their own codes.
 */
export function match(preTrained: PreTrainedTree, model: ModuleTree, mapping: ModulesToMatch | null): { readonly report: MatchReport } {
  const sides = matchSides(preTrained, model, pairsOf(mapping));
  const problems = [
    ...emptyProblems(mapping),
    ...conflictProblems(sides),
    ...sides.pairs.flatMap((pair, index) => pairProblems(pair, sides, index < HINTS)),
  ];
  if (problems.length > 0) throw matchFailure({ problems, sides, wholeTree: mapping === null });
  return { report: { ...matchReport(sides), conversions: conversionsOf(preTrained, sides) } };
}

/** Float kinds become float32 and integers int64 when a file is read; tensors that nothing uses are not mentioned. */
function conversionsOf({ tensors }: PreTrainedTree, { governing }: MatchSides): readonly string[] {
  const used = new Set([...governing].map(([path, pair]) => movedPath(path, pair.to, pair.from)));
  return tensors
    .filter(({ path, dtype }) => used.has(path) && !SAME_TYPES.includes(dtype))
    .map(({ path, dtype }) => `${path}: ${dtype} -> ${memoryType(dtype)}`);
}

/** Element types that are kept: names in memory, and in a safetensors file. */
const SAME_TYPES: readonly string[] = ['float32', 'int64', 'F32', 'I64'];

/** How many pairs get a "did you mean": comparing thousands of names with thousands takes minutes. */
const HINTS = 20;

function emptyProblems(mapping: ModulesToMatch | null): readonly MatchProblem[] {
  if (mapping === null) return [];
  const empty = (where: string, text: string): MatchProblem => ({ code: 'MAPPING_EMPTY', where, text, pair: null });
  if (Object.keys(mapping).length === 0) return [empty('modules_to_match', 'expected at least one pair, received {}')];
  return Object.entries(mapping)
    .filter(([, to]) => typeof to !== 'string' && to.length === 0)
    .map(([from]) => empty(`modules_to_match.${from}`, 'expected a module of the new model, received []'));
}

/** Two sources for the very same target. Nested targets are no conflict. */
function conflictProblems(sides: MatchSides): readonly MatchProblem[] {
  const feeding = new Map<string, ModulePair[]>();
  for (const pair of sides.pairs) feeding.set(pair.to, [...(feeding.get(pair.to) ?? []), pair]);
  return [...feeding].flatMap(([target, pairs]): MatchProblem[] => {
    const second = pairs[1];
    if (second === undefined || !pairs.every((pair) => isKnown(pair, sides))) return [];
    const names = pairs.map(({ from }) => `"${from}"`).join(' and ');
    const text = `"${target}" of the new model would be fed by ${names} of the pre-trained model`;
    return [{ code: 'MAPPING_CONFLICT', where: `modules_to_match.${second.from}`, text, pair: second }];
  });
}

function pairProblems(pair: ModulePair, sides: MatchSides, hint: boolean): readonly MatchProblem[] {
  const problems = isKnown(pair, sides) ? compareTensors(pair, sides) : nameProblems(pair, sides, hint);
  if (problems.length === 0 || !fitsAlone(inverted(pair), sides)) return problems;
  const text = `${mappingText([pair])} fits only the other way round, as ${mappingText([inverted(pair)])}`;
  return [{ code: 'MAPPING_INVERTED', where: `modules_to_match.${pair.from}`, text, pair }];
}

function fitsAlone(pair: ModulePair, sides: MatchSides): boolean {
  return isKnown(pair, sides) && compareTensors(pair, sides, true).length === 0;
}

function isKnown({ from, to }: ModulePair, { sourceModules, targetModules }: MatchSides): boolean {
  return sourceModules.has(from) && targetModules.has(to);
}

function nameProblems(pair: ModulePair, sides: MatchSides, hint: boolean): readonly MatchProblem[] {
  const check = (name: string, side: 'pre-trained' | 'new'): MatchProblem[] => {
    const [modules, tensors] = side === 'new' ? [sides.targetModules, sides.targets] : [sides.sourceModules, sides.sources];
    if (modules.has(name)) return [];
    const text = tensors.has(name)
      ? `"${name}" is a tensor of the ${side} model; only modules can be matched`
      : `the ${side} model has no module "${name}"${hint ? didYouMean(name, [...modules.keys()]) : ''}`;
    return [{ code: 'MODULE_NOT_FOUND', where: `modules_to_match.${pair.from}`, text, pair }];
  };
  return [...check(pair.from, 'pre-trained'), ...check(pair.to, 'new')];
}
