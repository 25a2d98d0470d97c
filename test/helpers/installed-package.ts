import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { killEverythingOf } from './e2e-processes.ts';
import { testServerEnvironment } from './temporal-server.ts';

/** The root of this checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Longer than a busy machine needs to install 170 packages; a hang ends here. */
const TIMEOUT_MS = 300_000;

/** A project of a user's, with the package that `npm pack` makes of this checkout installed. */
export interface InstalledPackage {
  /** Holds everything; every process that a test starts is found by it. */
  readonly home: string;
  readonly project: string;
  /** Where the package lies. */
  readonly installed: string;
  /** Runs a command to its end, in the project unless told otherwise; rejects unless it ends with 0. */
  readonly run: (command: string, args: readonly string[], cwd?: string) => Promise<{ readonly stdout: string; readonly stderr: string }>;
  /** Kills what is left of its processes and removes it. */
  readonly remove: () => Promise<void>;
}

/** Packs this checkout, which is built when it has not been, and installs it into an empty project. */
export async function installPackage(): Promise<InstalledPackage> {
  const home = await mkdtemp(join(tmpdir(), 'rootstock-package-'));
  const project = join(home, 'project');
  const run: InstalledPackage['run'] = (command, args, cwd = project) =>
    promisify(execFile)(command, args, { cwd, env: testServerEnvironment(), timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
  const remove = async () => {
    await killEverythingOf(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const isBuilt = ['workflow-bundle.js', 'src/model.js'].every((name) => existsSync(join(root, 'dist', name)));
    if (!isBuilt) await run(process.execPath, [join(root, 'ops/build.mjs')], root);
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{"name":"project","version":"1.0.0","private":true,"type":"module"}');
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', home], root);
    const [tarball = ''] = (await readdir(home)).filter((name) => name.endsWith('.tgz'));
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(home, tarball)]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { home, project, installed: join(project, 'node_modules/rootstock'), run, remove };
}
