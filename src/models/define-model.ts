import type { ModuleTree } from '../contracts/tensors.ts';
import { composeMessage, type Problem, RootstockError } from '../errors.ts';
import type { ModelDefinition } from './definition.ts';

/**
 * Checks a model definition and returns it; its `describe` checks what it returns from then on (paths unique, none the parent of
 * another, shapes of whole numbers, int64 for buffers only). Throws MODEL_CONFIG_INVALID with every problem.
 */
export function defineModel(definition: ModelDefinition): ModelDefinition {
  const problems = definitionProblems(definition);
  if (problems.length > 0) throw invalid(`The model definition "${definition.name}" cannot be used.`, problems);
  return { ...definition, describe: (config, facts) => checkTree(definition.name, definition.describe(config, facts)) };
}

function definitionProblems(definition: ModelDefinition): readonly Problem[] {
  const problems: Problem[] = [];
  if (!/^[a-z][a-z0-9_]*$/.test(definition.name)) {
    problems.push({
      where: 'name',
      text: `expected lower-case letters, digits and _ (my_model), received ${JSON.stringify(definition.name)}`,
    });
  }
  if (typeof definition.version !== 'string' || definition.version === '') {
    problems.push({ where: 'version', text: 'expected a non-empty text, raised whenever the numbers change' });
  }
  if (definition.task !== 'regression' && definition.task !== 'classification') {
    problems.push({ where: 'task', text: `expected regression or classification, received ${JSON.stringify(definition.task)}` });
  }
  if (definition.inputs !== undefined && definition.inputs !== 'features' && definition.inputs !== 'graphs') {
    problems.push({ where: 'inputs', text: `expected features or graphs, received ${JSON.stringify(definition.inputs)}` });
  }
  for (const member of ['hyperparameters', 'describe', 'forward', 'loss', 'gradientKernels'] as const) {
    if (typeof definition[member] !== 'function') problems.push({ where: member, text: 'expected a function' });
  }
  return problems;
}

function checkTree(model: string, tree: ModuleTree): ModuleTree {
  const paths = tree.tensors.map(({ path }) => path);
  const seen = new Set<string>();
  const problems = tree.tensors.flatMap(({ path, shape, dtype, kind }): Problem[] => {
    const texts: string[] = [];
    if (!/^[^.\s]+(\.[^.\s]+)*$/.test(path)) texts.push('expected a dotted path');
    if (seen.has(path)) texts.push('described twice');
    seen.add(path);
    if (paths.some((other) => other.startsWith(`${path}.`))) texts.push('is a tensor and the parent of another');
    if (!shape.every((length) => Number.isInteger(length) && length >= 1)) texts.push(`shape [${shape.join(', ')}] has a length below 1`);
    if (dtype === 'int64' && kind === 'parameter') texts.push('int64 cannot be trained; make it a buffer');
    return texts.map((text) => ({ where: path, text }));
  });
  if (problems.length > 0) throw invalid(`The model "${model}" describes tensors that cannot be.`, problems);
  return tree;
}

function invalid(headline: string, problems: readonly Problem[]): RootstockError {
  return new RootstockError('MODEL_CONFIG_INVALID', composeMessage(headline, problems), { problems });
}
