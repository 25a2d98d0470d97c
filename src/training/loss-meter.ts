import type { Scalar } from '@tensorflow/tfjs-core';
import { readScalar } from './read-values.ts';

/** The loss of one batch that the device may not have computed yet. */
export interface PendingLoss {
  readonly loss: Scalar;
  readonly samples: number;
  /** 0-based epoch and batch, and the 1-based optimizer step the batch belongs to. */
  readonly epoch: number;
  readonly batch: number;
  readonly step: number;
}

/** A batch whose loss is NaN or infinite. */
export type NonFiniteBatch = Omit<PendingLoss, 'loss'> & { readonly value: number };

/** Sum of loss x samples over the epoch so far, in float64, and its samples: part of the training state. */
export interface EpochLoss {
  readonly sum: number;
  readonly samples: number;
}

/** Keeps batch losses on the device and reads them back in groups. */
export interface LossMeter {
  /** Takes ownership of the loss tensor. */
  add(entry: PendingLoss): void;
  /** Whether so many losses wait that they should be read now, to bound memory. */
  isFull(): boolean;
  /** Reads all waiting losses, in order; returns the first non-finite batch, null when all are finite. */
  drain(): Promise<NonFiniteBatch | null>;
  /** Sample-weighted mean loss of the newest step that was drained; NaN before the first. */
  stepLoss(): number;
  /** Totals of what was drained since the last reset. */
  epoch(): EpochLoss;
  resetEpoch(): void;
  dispose(): void;
}

/** Waiting losses are scalars, but each is a tensor: 64 bounds them whatever log_every_n_steps is. */
const CAPACITY = 64;

/**
 * Creates a meter that continues from a saved epoch total. Sums are formed on the host in float64, batch by batch in order,
 * so they do not depend on when the losses were read: a snapshot in between changes no bit.
 */
export function createLossMeter(initial: EpochLoss): LossMeter {
  let pending: PendingLoss[] = [];
  let total = initial;
  let newest = { step: 0, sum: Number.NaN, samples: 1 };
  return {
    add(entry) {
      pending.push(entry);
    },
    isFull: () => pending.length >= CAPACITY,
    async drain() {
      const entries = pending;
      pending = [];
      let bad: NonFiniteBatch | null = null;
      for (const { loss, ...facts } of entries) {
        const read = readScalar(loss);
        const value = typeof read === 'number' ? read : await read;
        loss.dispose();
        if (bad === null && !Number.isFinite(value)) bad = { ...facts, value };
        total = { sum: total.sum + value * facts.samples, samples: total.samples + facts.samples };
        const base = newest.step === facts.step ? newest : { sum: 0, samples: 0 };
        newest = { step: facts.step, sum: base.sum + value * facts.samples, samples: base.samples + facts.samples };
      }
      return bad;
    },
    stepLoss: () => newest.sum / newest.samples,
    epoch: () => total,
    resetEpoch() {
      total = { sum: 0, samples: 0 };
    },
    dispose() {
      for (const { loss } of pending) loss.dispose();
      pending = [];
    },
  };
}
