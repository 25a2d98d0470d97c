import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CompletedEvent } from '../../src/client/run-events.ts';
import { toCompleted } from './e2e-checks.ts';
import { runCli } from './e2e-cli.ts';
import { openWorkspace, type Workspace } from './e2e-workspace.ts';

const example = fileURLToPath(new URL('../../examples/molecules', import.meta.url));

/** Run files of the molecules example in a directory of their own; `root` is that directory. Removed after the test. */
export async function moleculesWorkspace(t: TestContext): Promise<Workspace> {
  const workspace = await openWorkspace(t, 'transfer.yaml');
  const { root } = workspace;
  for (const name of ['pretrain', 'transfer', 'qm9-lumo', 'qm9-u0']) await cp(join(example, `${name}.yaml`), join(root, `${name}.yaml`));
  return workspace;
}

/** Runs one of the files and gives the last event. */
export async function runFile(workspace: Workspace, file: string, ...sets: readonly string[]): Promise<CompletedEvent> {
  const words = ['run', join(workspace.root, file), '--json', ...sets.flatMap((set) => ['--set', set])];
  const end = await runCli(workspace, words);
  assert.equal(end.code, 0, `${end.stdout}\n${end.stderr}`);
  return toCompleted(end.last);
}

/** QM9 molecules of the reference material, which is not part of the project, and the reason to skip without them. */
export const QM9 = fileURLToPath(new URL('../../../shared/reference/data/gdb9_1000.parquet', import.meta.url));

/** Mean absolute errors on the test split, Hartree. */
export interface TutorialErrors {
  readonly lumo: number;
  readonly u0: number;
  readonly u0FromScratch: number;
}

/** Runs physicsml's tutorial on transfer learning with another seed for the weights and the order of the rows. */
export async function runTutorial(t: TestContext, seed: number): Promise<TutorialErrors> {
  const workspace = await moleculesWorkspace(t);
  const sets = [`data.source=${QM9}`, `seed=${seed}`];
  const lumo = await runFile(workspace, 'qm9-lumo.yaml', ...sets);
  const u0 = await runFile(workspace, 'qm9-u0.yaml', ...sets);
  const errors = { lumo: maeOf(lumo.test), u0: maeOf(u0.test), u0FromScratch: maeOf(u0.baseline?.test) };
  t.diagnostic(`seed ${seed}: MAE of lumo ${errors.lumo}, of u0 ${errors.u0}, from scratch ${errors.u0FromScratch} Hartree`);
  return errors;
}

/** test/mae of a result. */
export function maeOf(metrics: CompletedEvent['test'] | undefined): number {
  const mae = metrics?.['test/mae'];
  assert.equal(typeof mae, 'number', JSON.stringify(metrics));
  return mae as number;
}
