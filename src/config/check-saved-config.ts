import { z } from 'zod';
import { editDistance } from '../contracts/edit-distance.ts';
import type { JsonObject } from '../contracts/json.ts';
import { plural } from '../contracts/plural.ts';
import { composeMessage, RootstockError } from '../errors.ts';
import { checkHyperparameters } from './check-hyperparameters.ts';
import { checkShape } from './check-shape.ts';
import { datamoduleSchema } from './datamodule-keys.ts';
import type { Issue } from './issue.ts';
import type { ModelSchema } from './model-schema.ts';
import { formatPath, type Path } from './path.ts';
import { isMapping } from './read-json.ts';
import { modelConfigShape } from './run-keys.ts';
import { allowedKeys, schemaAt } from './schema-at.ts';

/** What a saved configuration is checked with. */
export interface SavedConfigOptions {
  /** The model_config.json, for messages. */
  readonly path: string;
  /** The models there are. A document of another model is not checked. */
  readonly models: readonly ModelSchema[];
}

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Checks what a model_config.json says of columns, batches, neighbours and hyperparameters with the rules of a run file. Says nothing about
 * what is left out, nor about what is known and not built: that is for the model's definition to refuse.
 *
 * An unknown key is refused when it is a slip of the keyboard: at most two edits from a key that is not there, whose default would count
 * instead. Others are what other versions wrote, and decide nothing here.
 *
 * @returns warnings, in whole sentences: the keys without effect
 *
 * Errors: CHECKPOINT_INVALID lists every wrong value and every slip, with its key path.
 */
export function checkSavedConfig(document: JsonObject, { path, models }: SavedConfigOptions): readonly string[] {
  const { name, config } = document;
  const model = models.find((known) => known.name === name);
  if (model === undefined || !isMapping(config)) return [];
  const datamodule = config['datamodule'];
  const issues = [
    ...checkShape(columnsSchema, pick(config, ['x_features', 'y_features']), [CONFIG]),
    ...checkHyperparameters(config, model, [CONFIG]),
    ...(datamodule === undefined || datamodule === null ? [] : checkShape(datamoduleSchema, datamodule, [CONFIG, DATAMODULE])),
  ];
  const hyperparameters = Object.keys(model.hyperparameters(z).shape);
  const refused: Issue[] = [];
  const unread: string[] = [];
  for (const issue of issues) {
    if (issue.code === 'NOT_AVAILABLE' || valueAt(document, issue.path) === undefined) continue;
    if (issue.at === 'value') refused.push(issue);
    else {
      const meant = slipOf(issue.path, document, hyperparameters);
      if (meant === null) unread.push(formatPath(issue.path));
      else refused.push({ ...issue, text: `unknown key. Did you mean "${meant}"?` });
    }
  }
  if (refused.length > 0) throw invalidConfig(path, refused);
  return unread.length === 0 ? [] : [unreadText(path, unread)];
}

const CONFIG = 'config';
const DATAMODULE = 'datamodule';

const columnsSchema = z.strictObject({ x_features: modelConfigShape.x_features, y_features: modelConfigShape.y_features }).partial();

/** The absent key that an unknown one was meant to be, or null. */
function slipOf(path: Path, document: JsonObject, hyperparameters: readonly string[]): string | null {
  const key = String(path.at(-1)).toLowerCase();
  if (key.length > 64) return null;
  const parent = path.slice(0, -1);
  const written = valueAt(document, parent);
  const absent = knownKeys(parent, hyperparameters).filter((known) => !isMapping(written) || !Object.hasOwn(written, known));
  const [nearest] = absent
    .map((known) => ({ known, distance: editDistance(key, known.toLowerCase()) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance);
  return nearest?.known ?? null;
}

function knownKeys(path: Path, hyperparameters: readonly string[]): readonly string[] {
  if (path.length === 1) return [...hyperparameters, ...Object.keys(modelConfigShape)];
  const schema = path[1] === DATAMODULE ? schemaAt(datamoduleSchema, path.slice(2)) : null;
  return schema === null ? [] : allowedKeys(schema);
}

function invalidConfig(path: string, issues: readonly Issue[]): RootstockError {
  const problems = issues.map((issue) => ({ where: formatPath(issue.path), text: issue.text }));
  const message = composeMessage(
    `"${path}" does not describe a saved model: ${problems.length} ${plural(problems.length, 'problem')}.`,
    problems,
    'put the model_config.json there that was saved with the weights, or correct each place; docs/run-file.md explains every key.',
  );
  return new RootstockError('CHECKPOINT_INVALID', message, { path, count: problems.length, problems });
}

function unreadText(path: string, keys: readonly string[]): string {
  const shown = keys.slice(0, 5).join(', ');
  const rest = keys.length > 5 ? ` and ${keys.length - 5} more` : '';
  const what = `${plural(keys.length, 'a key', `${keys.length} keys`)} that ${plural(keys.length, 'is', 'are')} not known here`;
  return `"${path}" has ${what} and ${plural(keys.length, 'has', 'have')} no effect: ${shown}${rest}.`;
}

function pick(config: Mapping, keys: readonly string[]): Mapping {
  return Object.fromEntries(Object.entries(config).filter(([key]) => keys.includes(key)));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part) ? Reflect.get(inner, part) : undefined),
    value,
  );
}
