import type { GraphHead } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import { readLoss } from '../losses/read-loss.ts';
import { rememberByObject } from '../remember.ts';
import type { EgnnMember } from './egnn-family.ts';
import { type HeadLosses, nothingTrained, TRAINED_HEADS } from './head-losses.ts';

/** Losses that a run file chooses per head: `<head>_loss_config`. A head without one is predicted and not trained, as in physicsml. */
export const chosenLosses: Pick<EgnnMember, 'losses' | 'maskedHeads' | 'checkLosses'> = {
  losses: chosenFor(TRAINED_HEADS),
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
    return [[head, readLoss(value, { key: lossKey(head), columns: count, hasMolecules: true })] as const];
  });
}

/** `chosen` for the columns that a batch's outputs have, once for each configuration and numbers of columns: every step asks for it. */
export function chosenFor(heads: readonly (typeof TRAINED_HEADS)[number][]): EgnnMember['losses'] {
  const knownLosses = rememberByObject((_config: JsonObject) => new Map<string, HeadLosses>());
  return (outputs, config) => {
    const counts = heads.map((head) => outputs[head]?.shape[1] ?? 0);
    const [known, key] = [knownLosses(config), counts.join('/')];
    const found = known.get(key);
    if (found !== undefined) return found;
    const losses = chosen(config, Object.fromEntries(heads.map((head, at) => [head, counts[at] as number])), heads);
    known.set(key, losses);
    return losses;
  };
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
