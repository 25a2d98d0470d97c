import type { z } from 'zod';
import type { Json } from '../contracts/json.ts';
import type { Problem } from '../errors.ts';
import { checkCallbacks, checkLogger } from './check-callbacks.ts';
import { checkShape } from './check-shape.ts';
import { type ClassTable, lookUpClass } from './classes.ts';
import { datamoduleSchema } from './datamodule-keys.ts';
import { type Issue, invalid, notAvailable } from './issue.ts';
import { optimizerClasses, optimizerSchema } from './optimizer-keys.ts';
import { formatPath, type Path } from './path.ts';
import { isMapping } from './read-json.ts';
import { memberClasses, schedulerClasses, schedulerSchema } from './scheduler-keys.ts';
import { type SectionKind, sectionRules } from './section-rules.ts';
import { trainerSchema } from './trainer-keys.ts';

/**
 * Validates a whole section, strictly: after a stage's override has been merged over base and defaults. Checks keys, types and ranges, the
 * arguments of the named class, and the rules across keys (required arguments, contradictions).
 *
 * @param where dotted path that the problems' paths start with
 */
export function validateSection(kind: SectionKind, value: unknown, where: string): Problem[] {
  const shape = checkShape(SCHEMAS[kind], value);
  const name = isMapping(value) && typeof value['name'] === 'string' ? value['name'] : null;
  const details = checkDetails({ kind, value: value as Json, path: [], className: name });
  const rules = sectionRules(kind, value);
  return [...shape, ...details, ...rules].map(({ path, text }) => ({ where: [where, formatPath(path)].filter(Boolean).join('.'), text }));
}

/** What `checkDetails` looks at. `className`: the class that `config` belongs to, from here or from the base; null when not known. */
export interface SectionCheck {
  readonly kind: SectionKind;
  readonly value: Json | undefined;
  readonly path: Path;
  readonly className: string | null;
}

/** Checks what a section's zod schema cannot say: class names, their `config`, callbacks and loggers. Says nothing about a value of the wrong type. */
export function checkDetails({ kind, value, path, className }: SectionCheck): Issue[] {
  if (!isMapping(value) || kind === 'datamodule') return [];
  if (kind === 'trainer') {
    return [...checkCallbacks(value['callbacks'], [...path, 'callbacks']), ...checkLogger(value['logger'], [...path, 'logger'])];
  }
  if (kind === 'optimizer') {
    const check = { table: optimizerClasses, value, path, className };
    return [...checkClass(check), ...checkGroups(check)];
  }
  return [...checkClass({ table: schedulerClasses, value, path, className }), ...checkMembers(value['config'], [...path, 'config'])];
}

const SCHEMAS: Readonly<Record<SectionKind, z.ZodType>> = {
  trainer: trainerSchema,
  datamodule: datamoduleSchema,
  optimizer: optimizerSchema,
  scheduler: schedulerSchema,
};

interface ClassCheck {
  readonly table: ClassTable;
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: Path;
  readonly className: string | null;
}

function checkClass({ table, value, path, className }: ClassCheck): Issue[] {
  const own = value['name'];
  const issues = typeof own === 'string' ? checkClassName(table, own, [...path, 'name']) : [];
  const config = value['config'];
  if (!isMapping(config)) return issues;
  const schema = configSchema(table, typeof own === 'string' ? own : className);
  return schema === null ? issues : [...issues, ...checkShape(schema, config, [...path, 'config'])];
}

/** The arguments of param_groups are those of the class; `params` is checked with the section. */
function checkGroups({ table, value, path, className }: ClassCheck): Issue[] {
  const groups = value['param_groups'];
  if (!Array.isArray(groups)) return [];
  const own = value['name'];
  const schema = configSchema(table, typeof own === 'string' ? own : className);
  if (schema === null) return [];
  return (groups as readonly unknown[]).flatMap((group, index) => {
    if (!isMapping(group)) return [];
    const { params: _params, ...config } = group;
    return checkShape(schema, config, [...path, 'param_groups', index]);
  });
}

/** The schedulers in the list of a SequentialLR or ChainedScheduler. */
function checkMembers(config: unknown, path: Path): Issue[] {
  const schedulers = isMapping(config) ? config['schedulers'] : undefined;
  if (!Array.isArray(schedulers)) return [];
  return (schedulers as readonly unknown[]).flatMap((value, index) =>
    isMapping(value) && typeof value['name'] === 'string'
      ? checkClass({ table: memberClasses, value, path: [...path, 'schedulers', index], className: null })
      : [],
  );
}

function checkClassName(table: ClassTable, written: string, path: Path): Issue[] {
  const found = lookUpClass(table, written);
  if (found.kind === 'available') return [];
  return [found.kind === 'unknown' ? invalid(path, found.text) : notAvailable(path, found.text)];
}

/** The arguments of one class; those of all classes when the class is not known; null for a class that is not available. */
function configSchema(table: ClassTable, name: string | null): z.ZodObject | null {
  if (name !== null) {
    const found = lookUpClass(table, name);
    return found.kind === 'available' ? found.config : null;
  }
  return [...table.available.values()].reduce((all, config) => all.extend(config.shape));
}
