import { graphColumnProblems, neighbourProblems } from '../contracts/graph-columns.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { Problem } from '../errors.ts';
import { checkShape } from './check-shape.ts';
import { datamoduleSchema } from './datamodule-keys.ts';
import { type Issue, invalid, notAvailable } from './issue.ts';
import type { ModelSchema } from './model-schema.ts';
import { moleculeDatamoduleShape, STAGE_KEYS } from './molecule-keys.ts';
import type { Path } from './path.ts';
import { isMapping } from './read-json.ts';

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Checks what makes a run one of molecules or not: keys of molecules on a model of plain features; for a model of molecules its columns,
 * targets and neighbours, and what stages may override. Says nothing about values of the wrong type.
 */
export function checkMolecules(run: Mapping, config: Mapping, model: ModelSchema | undefined): Issue[] {
  if (model === undefined) return [];
  const base = isMapping(config['datamodule']) ? config['datamodule'] : {};
  const stages = stagesOf(config);
  const data = run['data'];
  if (model.inputs !== 'graphs') {
    const text = `not available for "${model.name}", which reads plain features; leave it out`;
    return [
      ...moleculeKeys(base).map((key) => notAvailable([...DATAMODULE, key], text)),
      ...stages.flatMap(({ datamodule, path }) => moleculeKeys(datamodule).map((key) => notAvailable([...path, key], text))),
      ...(isMapping(data) && (data['featurisation'] ?? null) !== null ? [notAvailable(['data', 'featurisation'], text)] : []),
    ];
  }
  return [...checkBase(base, config), ...stages.flatMap(checkStage)];
}

const DATAMODULE: Path = ['model', 'config', 'datamodule'];

function checkBase(datamodule: Mapping, config: Mapping): Issue[] {
  const [x, y] = [config['x_features'], config['y_features']];
  // What has the wrong type has been said already, and these checks rest on types.
  if (!isTexts(x) || !isTexts(y) || checkShape(datamoduleSchema, datamodule).length > 0) return [];
  return [...graphColumnProblems({ datamodule: datamodule as JsonObject, x, y }), ...neighbourProblems(datamodule as JsonObject)].map(
    toIssue,
  );
}

function checkStage({ datamodule, path }: StageDatamodule): Issue[] {
  return moleculeKeys(datamodule)
    .filter((key) => !STAGE_KEYS.has(key))
    .map((key): Issue => {
      const text = 'what is read is the same in all stages; set it in model.config.datamodule';
      return { ...invalid([...path, key], text), code: 'STAGE_INVALID' };
    });
}

function toIssue({ where, text, code }: Problem & { readonly code?: 'CONFIG_INVALID' | 'NOT_AVAILABLE' }): Issue {
  const path = where.split('.');
  return code === 'NOT_AVAILABLE' ? notAvailable(path, text) : invalid(path, text);
}

interface StageDatamodule {
  readonly datamodule: Mapping;
  readonly path: Path;
}

function stagesOf(config: Mapping): readonly StageDatamodule[] {
  const transfer = config['transfer_learning'];
  const stages: unknown = isMapping(transfer) ? transfer['stages'] : undefined;
  if (!Array.isArray(stages)) return [];
  return (stages as unknown[]).flatMap((stage, index): StageDatamodule[] => {
    const datamodule = isMapping(stage) ? stage['datamodule'] : undefined;
    return isMapping(datamodule) ? [{ datamodule, path: ['model', 'config', 'transfer_learning', 'stages', index, 'datamodule'] }] : [];
  });
}

function moleculeKeys(datamodule: Mapping): readonly string[] {
  return Object.keys(datamodule).filter((key) => Object.hasOwn(moleculeDatamoduleShape, key));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
