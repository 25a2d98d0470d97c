import { hash } from 'node:crypto';
import type { Metrics } from '../contracts/json.ts';

/** Collects metric rows `stage,epoch,step,name,value` (CSV without header) between snapshots. */
export interface Ledger {
  /** Adds rows of one optimizer step. */
  addStep(at: LedgerPosition, metrics: Metrics): void;
  /** Adds rows of an epoch's end: these count into the chain. */
  addEpoch(at: LedgerPosition, metrics: Metrics): void;
  /** Rows since the last commit. */
  pending(): readonly string[];
  /** The pending rows are in a committed snapshot. */
  committed(): void;
  /** SHA-256 chain over all epoch rows of the stage so far; '' before the first. */
  chain(): string;
}

/** 0-based epoch, and optimizer steps done. */
export interface LedgerPosition {
  readonly epoch: number;
  readonly step: number;
}

/**
 * Creates the ledger of a stage, going on from a saved chain. The stage is written by its index: names are not part of a stage key, so a
 * reused stage may have another one.
 */
export function createLedger(stageIndex: number, chain: string): Ledger {
  let current = chain;
  let rows: string[] = [];
  const toRows = ({ epoch, step }: LedgerPosition, metrics: Metrics): string[] =>
    Object.entries(metrics).map(([name, value]) => `${stageIndex},${epoch},${step},${name},${value}`);
  return {
    addStep(at, metrics) {
      rows.push(...toRows(at, metrics));
    },
    addEpoch(at, metrics) {
      for (const row of toRows(at, metrics)) {
        rows.push(row);
        current = hash('sha256', `${current}\n${row}`);
      }
    },
    pending: () => rows,
    committed() {
      rows = [];
    },
    chain: () => current,
  };
}
