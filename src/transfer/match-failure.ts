import { plural } from '../contracts/plural.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { compareTensors, MATCH_CODES, type MatchCode, type MatchProblem } from './compare-tensors.ts';
import { inverted, type ModulePair, mappingText } from './mapping.ts';
import { type MatchSides, withPairs } from './match-sides.ts';

/** What an error about a match is composed from. */
export interface MatchFailure {
  readonly problems: readonly MatchProblem[];
  readonly sides: MatchSides;
  /** No mapping was given: all of the tree has to match. */
  readonly wholeTree: boolean;
}

/** Composes the one error of a match that cannot be: all problems, gravest first, and a fix for the gravest. */
export function matchFailure(failure: MatchFailure): RootstockError {
  const problems = MATCH_CODES.flatMap((code) => failure.problems.filter((problem) => problem.code === code));
  const code = problems[0]?.code ?? 'MODULE_NOT_FOUND';
  const text = composeMessage(HEADLINES[code](failure), problems, FIXES[code](failure));
  return new RootstockError(code, text, {
    problems: problems.map(({ code: each, where, text: what }) => ({ code: each, where, text: what })),
    correctedMapping: code === 'MAPPING_INVERTED' ? mappingText(corrected(failure)) : null,
  });
}

const HEADLINES: Readonly<Record<MatchCode, (failure: MatchFailure) => string>> = {
  MAPPING_EMPTY: () => 'modules_to_match matches nothing.',
  MODULE_NOT_FOUND: ({ sides, wholeTree }) =>
    wholeTree
      ? `The new model and ${sourceName(sides)} are not the same tree; without modules_to_match all of it has to match.`
      : `modules_to_match asks for modules that ${sourceName(sides)} or the new model does not have.`,
  MAPPING_INVERTED: () => 'modules_to_match is the wrong way round: it maps {module in the pre-trained model: module in the new model}.',
  MAPPING_CONFLICT: () => 'modules_to_match names more than one source for the same module.',
  SHAPE_MISMATCH: (failure) => notCopied('SHAPE_MISMATCH', failure),
  DTYPE_MISMATCH: (failure) => notCopied('DTYPE_MISMATCH', failure),
};

const FIXES: Readonly<Record<MatchCode, (failure: MatchFailure) => string>> = {
  MAPPING_EMPTY: ({ sides }) => {
    const good = goodPairs(sides);
    return `leave modules_to_match out to match the whole tree, or name pairs${good.length === 0 ? '' : ` such as ${goodText(good)}`}.`;
  },
  MODULE_NOT_FOUND: ({ sides, wholeTree }) => {
    const good = wholeTree ? goodPairs(sides) : [];
    const shared = good.length === 0 ? '' : `name what both have, modules_to_match: ${goodText(good)}; `;
    return `${shared === '' ? 'name modules of these: ' : shared}the pre-trained model has ${topNames(sides.preTrained)}; the new model has ${topNames(sides.model)}.`;
  },
  MAPPING_INVERTED: (failure) => `write modules_to_match: ${mappingText(corrected(failure))}.`,
  MAPPING_CONFLICT: ({ sides }) => conflictFix(sides),
  SHAPE_MISMATCH: leaveOut,
  DTYPE_MISMATCH: leaveOut,
};

function sourceName({ preTrained }: MatchSides): string {
  return preTrained.source === undefined ? 'the pre-trained model' : `"${preTrained.source}"`;
}

function notCopied(code: MatchCode, { problems, sides }: MatchFailure): string {
  const count = problems.filter((problem) => problem.code === code).length;
  return `${count} of ${sides.governing.size} ${plural(sides.governing.size, 'tensor')} cannot be copied from ${sourceName(sides)}.`;
}

function leaveOut({ problems, sides }: MatchFailure): string {
  const names = [...new Set(problems.map(({ where }) => `"${parentOf(where)}"`))];
  const bad = names.slice(0, 5).join(', ') + (names.length > 5 ? ', ...' : '');
  const good = goodPairs(sides);
  const how = good.length === 0 ? ' of modules_to_match' : ` with modules_to_match: ${goodText(good)}`;
  return `leave ${bad} out${how}, or build the new model like the pre-trained one (model.config).`;
}

/** The mapping as written with the inverted pairs turned round. */
function corrected({ problems, sides }: MatchFailure): readonly ModulePair[] {
  const wrong = new Set(problems.filter(({ code }) => code === 'MAPPING_INVERTED').map(({ pair }) => pair));
  return sides.pairs.map((pair) => (wrong.has(pair) ? inverted(pair) : pair));
}

/** Two sources for one target are what a mapping {new: pre-trained} looks like (molflux's code reads it so): offers it turned round when that fits. */
function conflictFix(sides: MatchSides): string {
  const pairs = sides.pairs.map(inverted);
  const turned = withPairs(sides, pairs);
  const known = pairs.every(({ from, to }) => sides.sourceModules.has(from) && sides.targetModules.has(to));
  const distinct = new Set(pairs.map(({ to }) => to)).size === pairs.length;
  return known && distinct && pairs.every((pair) => compareTensors(pair, turned).length === 0)
    ? `keep one source for each; if the names were meant as {new: pre-trained}, write modules_to_match: ${mappingText(pairs)}.`
    : 'keep one source for each module of the new model (one source may feed several: give it a list).';
}

/** How many pairs a fix writes out. */
const SHOWN_PAIRS = 8;

/** The parts of the asked pairs that can be copied (of the whole tree when nothing was asked), as few modules as possible, and not all of very many. */
function goodPairs(sides: MatchSides): readonly ModulePair[] {
  const good: ModulePair[] = [];
  for (const pair of sides.pairs.length === 0 ? [{ from: '', to: '' }] : sides.pairs) addGoodParts(pair, sides, good);
  return good;
}

function addGoodParts(pair: ModulePair, sides: MatchSides, good: ModulePair[]): void {
  if (good.length > SHOWN_PAIRS || !sides.sourceModules.has(pair.from) || !sides.targetModules.has(pair.to)) return;
  // The root is never offered: a mapping of it says nothing that leaving the mapping out does not say.
  if (pair.to !== '' && compareTensors(pair, sides, true).length === 0) {
    good.push(pair);
    return;
  }
  for (const name of childrenOf(pair.to, sides)) addGoodParts({ from: join(pair.from, name), to: join(pair.to, name) }, sides, good);
}

/** Last segments of the modules right below one. */
function childrenOf(parent: string, { targetModules }: MatchSides): readonly string[] {
  const start = parent === '' ? 0 : parent.length + 1;
  const below = (targetModules.get(parent) ?? []).filter(({ path }) => path.indexOf('.', start) !== -1);
  return [...new Set(below.map(({ path }) => path.slice(start, path.indexOf('.', start))))];
}

function goodText(good: readonly ModulePair[]): string {
  const text = mappingText(good.slice(0, SHOWN_PAIRS));
  return good.length > SHOWN_PAIRS ? text.replace(/\}$/, ', ...}') : text;
}

function join(parent: string, name: string): string {
  return parent === '' ? name : `${parent}.${name}`;
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : path;
}

function topNames(tree: { readonly tensors: readonly { readonly path: string }[] }): string {
  const names = [...new Set(tree.tensors.map(({ path }) => `"${path.split('.')[0] ?? ''}"`))];
  return names.length > 8 ? `${names.slice(0, 8).join(', ')}, ...` : names.join(', ');
}
