import type { ModuleTree } from '../contracts/tensors.ts';

/**
 * The depth of each parameter for layer_decay: how many blocks lie between its own and the output, 0 for the last block. Blocks are counted
 * over the whole model, frozen or not, in the order in which the model declares its parameters.
 *
 * A block is named by a parameter's path (its own last name left off) up to the first number among the first three names: `features.3`,
 * `egnn.egnn_blocks.0`. Where there is no number it is the first two names if another parameter of the same top-level module has one
 * (`egnn.egnn_embedding_block`), otherwise the first name (`head`).
 */
export function layerDepths(tree: ModuleTree): ReadonlyMap<string, number> {
  const paths = tree.tensors.filter(({ kind }) => kind === 'parameter').map(({ path }) => path);
  const numbered = new Set(paths.filter((path) => numberedBlock(path) !== undefined).map((path) => modulesIn(path)[0]));
  const blockOf = (path: string): string => {
    const modules = modulesIn(path);
    return numberedBlock(path) ?? modules.slice(0, numbered.has(modules[0]) ? 2 : 1).join('.');
  };
  const order = [...new Set(paths.map(blockOf))];
  return new Map(paths.map((path) => [path, order.length - 1 - order.indexOf(blockOf(path))]));
}

const LOOKED_AT = 3;

function numberedBlock(path: string): string | undefined {
  const modules = modulesIn(path);
  const at = modules.slice(0, LOOKED_AT).findIndex((name) => /^\d+$/u.test(name));
  return at === -1 ? undefined : modules.slice(0, at + 1).join('.');
}

/** The names of the modules that hold a parameter; a parameter of the model itself lies in one without a name. */
function modulesIn(path: string): readonly string[] {
  const modules = path.split('.').slice(0, -1);
  return modules.length === 0 ? [''] : modules;
}
