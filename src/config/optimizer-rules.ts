import { canonicalClassName, lookUpClass } from './classes.ts';
import { type Issue, invalid } from './issue.ts';
import { optimizerClasses } from './optimizer-keys.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** Checks the rules across the keys of a whole optimizer section. Says nothing about keys of the wrong type. */
export function optimizerRules(optimizer: Mapping): Issue[] {
  const { name, config, param_groups: groups } = optimizer;
  if (typeof name !== 'string') return name === undefined ? [invalid(['name'], 'missing; expected the name of the optimizer')] : [];
  const className = canonicalClassName(optimizerClasses, name);
  const base = isMapping(config) ? config : {};
  const entries = Array.isArray(groups) ? (groups as readonly unknown[]) : [];
  return [
    ...classRules(className, base, ['config']),
    ...entries.flatMap((entry, index) => (isMapping(entry) ? groupRules(className, { entry, base }, ['param_groups', index]) : [])),
    ...decayRules(className, optimizer['no_weight_decay']),
  ];
}

function groupRules(className: string, { entry, base }: { readonly entry: Mapping; readonly base: Mapping }, path: Path): Issue[] {
  const { params, ...own } = entry;
  const written = new Set(Object.keys(own));
  return [
    ...(params === undefined
      ? [invalid([...path, 'params'], 'missing; expected a non-empty list of module names, parameter names or globs')]
      : []),
    // What the entry inherits is reported where it is written.
    ...classRules(className, { ...base, ...own }, path).filter((issue) => written.has(String(issue.path.at(-1)))),
  ];
}

/** Contradictions between the arguments of a class that torch refuses. */
function classRules(className: string, config: Mapping, path: Path): Issue[] {
  if (className === 'SGD') return nesterovRule(config, path);
  return className === 'Rprop' ? stepSizesRule(config, path) : [];
}

/** torch.optim.SGD: "Nesterov momentum requires a momentum and zero dampening". */
function nesterovRule({ nesterov, momentum = 0, dampening = 0 }: Mapping, path: Path): Issue[] {
  if (nesterov !== true || (momentum !== 0 && dampening === 0)) return [];
  const received = `received momentum ${String(momentum)} and dampening ${String(dampening)}`;
  return [invalid([...path, 'nesterov'], `needs momentum > 0 and dampening 0, ${received}`)];
}

function stepSizesRule({ step_sizes: sizes }: Mapping, path: Path): Issue[] {
  const [least, most] = Array.isArray(sizes) ? (sizes as readonly unknown[]) : [];
  if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return [];
  return [invalid([...path, 'step_sizes'], `expected the smaller one first, received [${least}, ${most}]`)];
}

function decayRules(className: string, wanted: unknown): Issue[] {
  const asked = wanted === true || Array.isArray(wanted);
  const found = lookUpClass(optimizerClasses, className);
  if (!asked || found.kind !== 'available' || Object.hasOwn(found.config.shape, 'weight_decay')) return [];
  return [invalid(['no_weight_decay'], `${className} has no weight_decay; leave it out`)];
}
