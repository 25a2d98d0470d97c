import { meanNeighbours } from '../contracts/mean-neighbours.ts';
import type { Plan, StagePlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import { formatBytes, formatCount, formatNamed } from './format.ts';
import { formatLearning } from './learning-report.ts';
import { formatStageNotes } from './stage-notes.ts';
import { formatTable } from './table.ts';

/** Writes a plan for people: model, match, data, stages with every value that a stage changes, warnings. */
export function formatPlan(plan: Plan): string {
  const parts = [
    headline(plan),
    initial(plan),
    data(plan),
    stages(plan),
    formatStageNotes(plan),
    prefixes(plan),
    ...plan.stages.map(stageValues).filter((text) => text !== ''),
    ...[...plan.stages, ...(plan.baseline === null ? [] : [plan.baseline])].map(formatLearning),
    output(plan),
    warnings(plan),
  ];
  return parts.filter((text) => text !== '').join('\n\n');
}

function headline({ name, model, seed }: Plan): string {
  const parameters = model.tree.tensors
    .filter(({ kind }) => kind === 'parameter')
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  const classes =
    model.classes === null
      ? ''
      : `, ${model.classes.length} classes (${model.classes.slice(0, 10).join(', ')}${model.classes.length > 10 ? ', ...' : ''})`;
  return `Plan of "${name}" (seed ${seed})\n${model.name}: ${formatNamed(parameters, 'parameter')}${classes}`;
}

function initial({ initial }: Plan): string {
  if (initial.kind === 'fresh') return 'Starts from fresh weights.';
  const { source, match } = initial;
  const from =
    source.kind === 'model' ? source.path : `${source.path} (run "${source.runName}", which runs first unless its output is there)`;
  const rows = match.modules.map((row) => [
    row.status,
    row.from ?? '-',
    row.to ?? '-',
    formatCount(row.parameters),
    formatBytes(row.bytes),
  ]);
  return `Starts from ${from}\n${formatTable(['', 'pre-trained', 'new model', 'parameters', 'size'], rows)}`;
}

function data({ data }: Plan): string {
  // In the order of a run, whichever split the first row of the data is in.
  const rows = (['train', 'validation', 'test'] as const).flatMap((split) => {
    const found = data.facts.splits[split];
    return found === undefined ? [] : [[split, formatCount(found.rows), formatBytes(found.byteLength), found.digest.slice(0, 12)]];
  });
  return [formatTable(['data', 'rows', 'size', 'digest'], rows), ...neighbours(data)].join('\n');
}

/** A cut_off in the wrong unit shows here. */
function neighbours(data: Plan['data']): readonly string[] {
  const counted = meanNeighbours(data);
  if (counted === undefined) return [];
  const mean = formatNeighbours(counted.mean);
  return [`An atom has ${mean} ${plural(Number(mean), 'neighbour')} on average within cut_off ${counted.cutOff} Angstrom.`];
}

function formatNeighbours(mean: number): string {
  return mean >= 10 ? mean.toFixed(1) : String(Number(mean.toPrecision(2)));
}

function stages(plan: Plan): string {
  const all = plan.baseline === null ? plan.stages : [...plan.stages, plan.baseline];
  const rows = all.map((stage) => [
    stage.kind === 'baseline' ? `${stage.name} (baseline)` : stage.name,
    stage.freezeModules.join(', ') || '-',
    formatCount(stage.mask.trainableParameters),
    formatCount(stage.mask.frozenParameters),
    `${stage.optimizer.name} ${JSON.stringify(stage.optimizer.config['lr'])}`,
    stage.scheduler === null ? '-' : stage.scheduler.name,
    String(stage.datamodule.train.batchSize),
    String(stage.trainer.maxEpochs),
    formatCount(stage.totalSteps),
  ]);
  return formatTable(['stage', 'frozen modules', 'trainable', 'frozen', 'optimizer, lr', 'scheduler', 'batch', 'epochs', 'steps'], rows);
}

/** Frozen parts that are computed once per stage. */
function prefixes({ stages }: Plan): string {
  return stages
    .flatMap(({ name, prefixCache }) =>
      prefixCache?.fits === true
        ? [`${name} computes ${prefixCache.modules.join(', ')} once for every row (${formatBytes(prefixCache.byteLength)})`]
        : [],
    )
    .join('\n');
}

function stageValues(stage: StagePlan): string {
  const changed = Object.entries(stage.origins).filter(([, origin]) => origin === 'stage');
  const lines = [
    ...changed.map(([key]) => `  ${key}: ${valueAt(stage, key)}`),
    ...stage.dropped.map((key) => `  ${key}: dropped, the name above it changed`),
  ];
  return lines.length === 0 ? '' : `${stage.name} overrides\n${lines.join('\n')}`;
}

/** The resolved value behind a run-file key: `trainer.max_epochs` is stage.trainer.maxEpochs; the arguments of a class keep their names. */
function valueAt(stage: StagePlan, key: string): string {
  let value: unknown = stage;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null) return 'set by this stage';
    const members = value as Readonly<Record<string, unknown>>;
    value = members[part] ?? members[part.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase())];
  }
  return value === undefined ? 'set by this stage' : JSON.stringify(value);
}

function output({ output: { path } }: Plan): string {
  return `Output: ${path}`;
}

function warnings({ warnings }: Plan): string {
  return warnings.map((text) => `Warning: ${text}`).join('\n');
}
