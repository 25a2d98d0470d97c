import type { GraphHead } from '../../contracts/graphs.ts';
import type { Json, JsonObject } from '../../contracts/json.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import type { LossSpec } from '../../ops/loss-spec.ts';
import { readLoss } from '../losses/read-loss.ts';
import { rememberByObject } from '../remember.ts';
import type { EgnnMember } from './egnn-family.ts';
import { columnsOf, type HeadLosses, nothingTrained, TRAINED_HEADS } from './head-losses.ts';

/** Losses that a run file chooses per head: `<head>_loss_config`. A head without one is predicted and not trained, as in physicsml. */
export const chosenLosses: Pick<EgnnMember, 'losses' | 'maskedHeads' | 'checkLosses'> = {
  losses: (outputs, config) => chosen(config, columnsOf(outputs)),
  maskedHeads: (config) => TRAINED_HEADS.filter((head) => leavesOutMissing(config[lossKey(head)])),
  checkLosses(config, { targets }) {
    const found = chosen(config, targets);
    if (found.length === 0) throw nothingTrained(targets);
  },
};

/** The losses of `heads` that have columns and a configuration. Throws as readLoss, and MODEL_CONFIG_INVALID for a loss without columns. */
export function chosen(
  config: JsonObject,
  columns: Readonly<Partial<Record<GraphHead, number>>>,
  heads: readonly GraphHead[] = TRAINED_HEADS,
): HeadLosses {
  return heads.flatMap((head) => {
    const value = config[lossKey(head)] ?? null;
    if (value === null) return [];
    const count = columns[head] ?? 0;
    if (count === 0) throw withoutColumns(head);
    return [[head, readHeadLoss(value, head, count)] as const];
  });
}

const knownLosses = rememberByObject((_config: JsonObject) => new Map<string, LossSpec>());

/** readLoss, once for each configuration: it is asked for at every step. */
function readHeadLoss(value: Json, head: GraphHead, columns: number): LossSpec {
  const read = () => readLoss(value, { key: lossKey(head), columns, hasMolecules: true });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return read();
  const known = knownLosses(value as JsonObject);
  const spec = known.get(`${head}/${columns}`) ?? read();
  known.set(`${head}/${columns}`, spec);
  return spec;
}

/** Whether a loss configuration is one that leaves out missing targets. */
export function leavesOutMissing(value: JsonObject[string] | undefined): boolean {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false;
  return value.name === 'MaskedMSELoss' || value.name === 'MultiTaskLoss';
}

function lossKey(head: GraphHead): string {
  return `${head}_loss_config`;
}

function withoutColumns(head: GraphHead): RootstockError {
  const where = `model.config.${lossKey(head)}`;
  const text = composeMessage(
    `${where}: there is a loss, but datamodule.${head} names no columns.`,
    [],
    `list the columns under datamodule.${head}, or leave ${lossKey(head)} out.`,
  );
  return new RootstockError('MODEL_CONFIG_INVALID', text, { key: where, head });
}
