import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { committedSampleLog, rawSampleLog, sampleLogDirectory } from '../../src/contracts/state-directory.ts';

/** A committed optimizer step: which rows it saw. */
export interface CommittedStep {
  readonly step: number;
  readonly epoch: number;
  readonly batch: number;
  readonly rows: readonly string[];
}

/** Reads the committed steps of a stage. */
export async function readCommitted(stateDir: string, stageKey: string): Promise<readonly CommittedStep[]> {
  return stepsOf(await readLines(committedSampleLog(stateDir, stageKey)));
}

/** The highest step that any attempt of a stage has logged so far; 0 before the first. */
export async function lastLoggedStep(stateDir: string, stageKey: string): Promise<number> {
  const raw = await readRawLogs(stateDir, stageKey);
  return Math.max(0, ...raw.flatMap(({ lines }) => stepsOf(lines).map(({ step }) => step)));
}

/** What the raw logs of a stage say about repeated work. */
export interface Repetition {
  readonly attempts: number;
  /** Steps that were computed more often than once, counted each time. */
  readonly repeatedSteps: number;
}

/**
 * Checks a finished stage's sample logs: the committed log has exactly the golden steps, each once and in order, and is a concatenation
 * of prefixes of the raw logs. Returns what was repeated.
 */
export async function checkSampleLogs(stateDir: string, stageKey: string, golden: readonly CommittedStep[]): Promise<Repetition> {
  const committed = await readLines(committedSampleLog(stateDir, stageKey));
  assert.deepEqual(stepsOf(committed), golden, 'the committed log has the golden steps, each once');
  const raw = await readRawLogs(stateDir, stageKey);
  assert.ok(isConcatenation(committed, raw), 'the committed log is a concatenation of prefixes of the raw logs');
  const computed = raw.flatMap(({ lines }) => stepsOf(lines)).length;
  return { attempts: raw.length, repeatedSteps: computed - golden.length };
}

/**
 * Whether lines are made of a prefix of each log in turn. Where a prefix could end is tried in every place: an attempt that died before its
 * first snapshot has the same first lines as the next one, and contributes none of them.
 */
function isConcatenation(lines: readonly string[], logs: readonly RawLog[]): boolean {
  let ends = new Set([0]);
  for (const { lines: log } of logs) {
    const next = new Set(ends);
    for (const end of ends) for (let n = 0; n < log.length && log[n] === lines[end + n]; n += 1) next.add(end + n + 1);
    ends = next;
  }
  return ends.has(lines.length);
}

interface RawLog {
  readonly lease: number;
  readonly lines: readonly string[];
}

async function readRawLogs(stateDir: string, stageKey: string): Promise<readonly RawLog[]> {
  const names = await readdir(sampleLogDirectory(stateDir, stageKey)).catch(() => []);
  const leases = names
    .flatMap((name) => /^lease-(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
  return Promise.all(leases.map(async (lease) => ({ lease, lines: await readLines(rawSampleLog(stateDir, stageKey, lease)) })));
}

/** Whole lines only: a killed process may have left half of one. */
async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').slice(0, -1);
}

function stepsOf(lines: readonly string[]): readonly CommittedStep[] {
  return lines.map((line) => JSON.parse(line) as Partial<CommittedStep>).filter((line): line is CommittedStep => line.rows !== undefined);
}
