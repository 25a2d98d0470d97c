import type { Json, JsonObject } from '../contracts/json.ts';
import type { ParameterGroupPlan, SchedulerPlan, StagePlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import { formatNamed } from './format.ts';
import { formatTable } from './table.ts';

/**
 * Writes how a stage learns beyond one optimizer and one curve: warm-up, lists of schedulers, what a plateau watches, parameter groups,
 * optimizer state of the stage before. Empty when there is nothing of it.
 */
export function formatLearning(stage: StagePlan): string {
  const lines = [...schedule(stage), ...groups(stage), ...carried(stage)];
  return lines.length === 0 ? '' : `${stage.name} learns\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function schedule({ scheduler }: StagePlan): readonly string[] {
  if (scheduler === null) return [];
  const { warmup, monitor } = scheduler;
  const rise =
    warmup === undefined ? [] : [`warm-up: ${formatNamed(warmup.steps, 'step')} from ${round(warmup.startFactor)} of the first rate`];
  const strict = monitor?.strict === false ? ', where it was logged' : '';
  const watched = monitor === undefined ? [] : [`${scheduler.name} watches ${monitor.name} after ${every(scheduler)}${strict}`];
  return [...rise, ...watched, ...members(scheduler)];
}

function every({ interval, frequency }: SchedulerPlan): string {
  return frequency === 1 ? `each ${interval}` : `every ${frequency} ${interval}s`;
}

function members({ name, config, interval }: SchedulerPlan): readonly string[] {
  const { schedulers, milestones } = config;
  if (!Array.isArray(schedulers)) return [];
  const starts = Array.isArray(milestones) ? [0, ...(milestones as readonly number[])] : null;
  return [
    `${name} by ${interval}s`,
    ...(schedulers as readonly JsonObject[]).map((member, index) => {
      const when = starts === null ? 'times' : `from ${starts[index]}:`;
      return `  ${when} ${member['name'] as string} ${argumentsText(member['config'] as JsonObject)}`;
    }),
  ];
}

/** Paths that are shown of a group; the rest is a number. */
const SHOWN = 3;

function groups({ optimizer, mask }: StagePlan): readonly string[] {
  if (optimizer.groups === undefined) return [];
  const placed = optimizer.groups.reduce((sum, { paths }) => sum + paths.length, 0);
  const others = mask.trainable.length - placed;
  const rows = optimizer.groups.map((group) => [String(group.paths.length), pathsText(group), differences(group, optimizer.config)]);
  const all = others === 0 ? rows : [[String(others), 'all others', argumentsText({ lr: optimizer.config['lr'] ?? null })], ...rows];
  return formatTable(['tensors', 'parameter group', 'arguments'], all).split('\n');
}

function pathsText({ paths }: ParameterGroupPlan): string {
  const more = paths.length - SHOWN;
  return `${paths.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function differences({ config }: ParameterGroupPlan, base: Readonly<Record<string, Json>>): string {
  return argumentsText(
    Object.fromEntries(Object.entries(config).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(base[key]))),
  );
}

function carried({ optimizerFrom }: StagePlan): readonly string[] {
  if (optimizerFrom === undefined) return [];
  const { carried, fresh } = optimizerFrom;
  const rest = fresh.length === 0 ? '' : `; fresh: ${pathsText({ paths: fresh, config: {} })}`;
  return [
    `optimizer state of the stage before: ${carried.length} of ${formatNamed(carried.length + fresh.length, 'tensor')} ${plural(carried.length, 'goes', 'go')} on with it${rest}`,
  ];
}

function argumentsText(config: JsonObject): string {
  return Object.entries(config)
    .map(([key, value]) => `${key} ${typeof value === 'number' ? round(value) : JSON.stringify(value)}`)
    .join(', ');
}

/** Six digits are enough for people; the plan holds them all. */
function round(value: number): string {
  return String(Number(value.toPrecision(6)));
}
