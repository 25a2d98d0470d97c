import { didYouMean } from '../contracts/nearest.ts';
import type { TrainableMask } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';
import { globExpression, isGlob } from './glob.ts';
import { coverByModules, isUnder, isUnderAny, modulesOf, parameterCount } from './module-tree.ts';

/**
 * Works out what a stage trains. Each name stands for a module and all its children; globs match module names (`*` within a segment,
 * `**` across segments). A module without parameters that is named (BatchNorm without affine) is frozen too: its buffers stand still.
 *
 * Throws FREEZE_NAME_NOT_FOUND with every name that matches nothing and the nearest ones, EVERYTHING_FROZEN when nothing is left to train.
 * `where` is the dotted place of the list, for messages.
 */
export function resolveFreeze(names: readonly string[], tree: ModuleTree, where = 'freeze_modules'): TrainableMask {
  const modules = modulesOf(tree);
  const matches = names.map((name) => matchingModules(name, modules));
  const problems = names.flatMap((name, index) =>
    matches[index]?.length === 0 ? [{ where: `${where}.${index}`, text: notFound(name, tree, modules) }] : [],
  );
  if (problems.length > 0) throw nameNotFound(problems, tree, names.length);

  const frozenNames = new Set(matches.flat());
  const frozen = new Set(tree.tensors.filter(({ path }) => isUnderAny(path, frozenNames)).map(({ path }) => path));
  const parameters = tree.tensors.filter(({ kind }) => kind === 'parameter');
  const trainable = parameters.filter(({ path }) => !frozen.has(path));
  const still = parameters.filter(({ path }) => frozen.has(path));
  if (trainable.length === 0) throw everythingFrozen(names, where);
  return {
    trainable: sorted(trainable),
    frozen: sorted(still),
    frozenModules: wholeModules(tree, new Set(still.map(({ path }) => path)), frozenNames),
    trainableParameters: parameterCount(trainable),
    frozenParameters: parameterCount(still),
  };
}

/** Paths of the buffers that stand still because they lie in a frozen module; sorted. They count when frozen modules run in eval mode. */
export function frozenBuffers(mask: TrainableMask, tree: ModuleTree): readonly string[] {
  const frozenModules = new Set(mask.frozenModules);
  return sorted(tree.tensors.filter(({ path, kind }) => kind === 'buffer' && isUnderAny(path, frozenModules)));
}

/** Whether the module at a path runs in eval mode when frozenModulesMode is eval: it is a frozen module or lies in one. */
export function isFrozenModule(mask: TrainableMask, modulePath: string): boolean {
  return mask.frozenModules.some((name) => isUnder(modulePath, name));
}

function matchingModules(name: string, modules: readonly string[]): readonly string[] {
  if (name === '') return [''];
  if (!isGlob(name)) return modules.includes(name) ? [name] : [];
  const expression = globExpression(name);
  return modules.filter((candidate) => expression.test(candidate));
}

/** The topmost modules all of whose parameters are frozen, named or not, so that a dropout between frozen layers is off too. */
function wholeModules(tree: ModuleTree, frozen: ReadonlySet<string>, named: ReadonlySet<string>): readonly string[] {
  const parameters = tree.tensors.filter(({ kind }) => kind === 'parameter');
  const modules = new Set(modulesOf(tree));
  const byParameters = coverByModules({ tensors: parameters }, frozen).filter((name) => modules.has(name));
  const all = new Set([...byParameters, ...named]);
  return [...all].filter((name) => !isUnderAny(parentOf(name), all)).sort();
}

/** The module that holds a module; a dot, which no name is, for the topmost. */
function parentOf(name: string): string {
  return name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '.';
}

function sorted(tensors: readonly { readonly path: string }[]): readonly string[] {
  return tensors.map(({ path }) => path).sort();
}

function notFound(name: string, tree: ModuleTree, modules: readonly string[]): string {
  if (isGlob(name)) return `"${name}" matches no module of the model`;
  if (tree.tensors.some(({ path }) => path === name)) {
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    return `"${name}" is a tensor; only modules can be frozen${parent === '' ? '' : `, such as "${parent}"`}`;
  }
  return `the model has no module "${name}"${didYouMean(name, modules)}`;
}

function nameNotFound(problems: readonly Problem[], tree: ModuleTree, count: number): RootstockError {
  const top = modulesOf(tree).filter((name) => !name.includes('.'));
  return new RootstockError(
    'FREEZE_NAME_NOT_FOUND',
    composeMessage(
      `${problems.length} of ${count} ${plural(count, 'name')} to freeze ${plural(problems.length, 'matches', 'match')} nothing.`,
      problems,
      `name modules of the new model (${top.join(', ')} and their children), or globs such as "${top[0] ?? 'features'}.*".`,
    ),
    { problems, modules: top },
  );
}

function everythingFrozen(names: readonly string[], where: string): RootstockError {
  return new RootstockError(
    'EVERYTHING_FROZEN',
    composeMessage(
      'A stage has to train something, but every parameter of the model is frozen.',
      [{ where, text: `expected at least one module left to train, received ${JSON.stringify(names)}` }],
      'take a module out of freeze_modules, or leave the stage out.',
    ),
    { where, names },
  );
}
