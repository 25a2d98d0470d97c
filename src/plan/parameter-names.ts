import { didYouMean } from '../contracts/nearest.ts';
import type { ModuleTree, TensorSpec } from '../contracts/tensors.ts';
import { globExpression, isGlob } from '../transfer/glob.ts';
import { isUnder, isUnderAny, modulesOf } from '../transfer/module-tree.ts';
import type { PlanProblem } from './problems.ts';

/** The parameters that names can mean. */
export interface ParameterNames {
  /** In declaration order. */
  readonly parameters: readonly TensorSpec[];
  readonly modules: readonly string[];
  readonly trainable: ReadonlySet<string>;
}

/** Gathers what names of a model's parameters can mean in a stage that trains some of them. */
export function parameterNames(tree: ModuleTree, trainable: readonly string[]): ParameterNames {
  const parameters = tree.tensors.filter(({ kind }) => kind === 'parameter');
  return { parameters, modules: modulesOf({ tensors: parameters }), trainable: new Set(trainable) };
}

/**
 * The trainable parameters that a name stands for: a module and everything below it, one parameter by its path, or all that a glob over
 * module and parameter names covers. A name that means nothing, or frozen parameters alone, is a problem.
 */
export function namedParameters(
  names: ParameterNames,
  name: string,
  where: string,
): { readonly paths: readonly string[]; readonly problems: readonly PlanProblem[] } {
  const all = covered(names, name);
  const paths = all.filter((path) => names.trainable.has(path));
  if (paths.length > 0) return { paths, problems: [] };
  const code = 'MODULE_NOT_FOUND' as const;
  if (all.length > 0) {
    const text = `"${name}" names only parameters that are frozen in this stage`;
    return { paths, problems: [{ code, where, text, fix: `take "${name}" out in this stage, or unfreeze it` }] };
  }
  const known = [...names.modules, ...names.parameters.map(({ path }) => path)];
  const text = isGlob(name)
    ? `"${name}" matches no module and no parameter of the model`
    : `the model has no module or parameter "${name}"${didYouMean(name, known)}`;
  return { paths, problems: [{ code, where, text, fix: 'name modules or parameters of the model, or globs over them' }] };
}

function covered({ parameters, modules }: ParameterNames, name: string): readonly string[] {
  const paths = parameters.map(({ path }) => path);
  if (!isGlob(name)) return paths.filter((path) => isUnder(path, name));
  const expression = globExpression(name);
  const matched = new Set(modules.filter((module) => expression.test(module)));
  return paths.filter((path) => expression.test(path) || isUnderAny(path, matched));
}
