import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// What is measured is what users get: not sources behind a loader, which gives every function that is made a name at the time it is made (tsx, by esbuild's
// keepNames), for half as much again in a step of a millisecond.

/** The checkout: this file is in bench/ of it, or in bench/ of what was built there. */
const ROOT = findRoot();

/** Written when dist-bench/ is whole. */
const CHILD_STAMP = join(ROOT, 'dist-bench', 'built');

/** The main file of children, in what `ensureChildBuild` builds. */
export const CHILD_MAIN = join(ROOT, 'dist-bench', 'bench', 'main.js');

/** The `rootstock` command in dist/. */
export const COMMAND_MAIN = join(ROOT, 'dist', 'src', 'cli', 'main.js');

/** Builds dist/ when it is not there or older than its sources. */
export function ensureBuild(say: (text: string) => void): void {
  if (isNewer(join(ROOT, 'dist', 'workflow-bundle.js'), ['src', 'workflows', 'activities'])) return;
  say('building dist/');
  build([join(ROOT, 'ops', 'build.mjs')]);
}

/** Builds dist-bench/, the benchmarks and all they import, when it is not there or older than its sources. */
export function ensureChildBuild(say: (text: string) => void): void {
  if (isNewer(CHILD_STAMP, ['src', 'workflows', 'activities', 'bench', 'test'])) return;
  say('building dist-bench/');
  rmSync(join(ROOT, 'dist-bench'), { recursive: true, force: true });
  build([join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'tsconfig.bench.json')]);
  writeFileSync(CHILD_STAMP, '');
}

function build(words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...words], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

function isNewer(built: string, folders: readonly string[]): boolean {
  if (!existsSync(built)) return false;
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.bench.json'].map((name) => statSync(join(ROOT, name)).mtimeMs);
  return statSync(built).mtimeMs >= Math.max(...settings, ...folders.map((folder) => newestChange(join(ROOT, folder))));
}

function newestChange(directory: string): number {
  return Math.max(
    0,
    ...readdirSync(directory, { withFileTypes: true }).map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs;
    }),
  );
}

function findRoot(): string {
  const above = fileURLToPath(new URL('..', import.meta.url));
  return existsSync(join(above, 'package.json')) ? above : join(above, '..');
}
