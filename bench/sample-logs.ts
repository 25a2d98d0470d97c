import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawSampleLog, stateLayout } from '../src/contracts/state-directory.ts';

/** Fine against the seconds that are measured, light enough to leave the cores alone. */
const POLL_MS = 4;
const DEADLINE_MS = 120_000;

/** Waits until a condition holds; returns performance.now() of that moment. Throws after two minutes, saying what it waited for. */
export async function momentOf(what: string, holds: () => boolean): Promise<number> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    if (holds()) return performance.now();
    if (performance.now() > deadline) throw new Error(`waited two minutes for ${what}`);
    await sleep(POLL_MS);
  }
}

/** Stage keys that have a sample log so far. */
export function loggedStages(stateDir: string): readonly string[] {
  return names(stateLayout(stateDir).samples);
}

/** Whether any attempt of any stage has done an optimizer step: each step is logged when it is done. */
export function hasStepped(stateDir: string): boolean {
  const { samples } = stateLayout(stateDir);
  return loggedStages(stateDir).some((key) => names(join(samples, key)).some((name) => size(join(samples, key, name)) > 0));
}

/** Bytes in the log of a stage's first attempt; it grows with every step. */
export function sampleLogSize(stateDir: string, stageKey: string): number {
  return size(rawSampleLog(stateDir, stageKey, 0));
}

/** Whether this attempt has done a step. */
export function leaseHasStepped(stateDir: string, stageKey: string, lease: number): boolean {
  return size(rawSampleLog(stateDir, stageKey, lease)) > 0;
}

/** What an attempt has logged so far: its newest step, and how many snapshots it has committed. */
export function readLease(
  stateDir: string,
  stageKey: string,
  lease: number,
): { readonly first: number; readonly last: number; readonly snapshots: number } {
  const path = rawSampleLog(stateDir, stageKey, lease);
  const text = size(path) === 0 ? '' : readFileSync(path, 'utf8');
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  const parsed = lines.map((line) => JSON.parse(line) as { readonly step: number; readonly snapshot?: number });
  const steps = parsed.filter(({ snapshot }) => snapshot === undefined).map(({ step }) => step);
  return { first: steps[0] ?? 0, last: steps.at(-1) ?? 0, snapshots: parsed.length - steps.length };
}

function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Not there yet.
    return [];
  }
}

function size(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
