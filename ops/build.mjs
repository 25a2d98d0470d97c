// Builds dist/: compiled sources, and the workflow bundle that workers load.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const run = (args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
};
rmSync(new URL('dist', root), { recursive: true, force: true });
run([fileURLToPath(new URL('node_modules/typescript/bin/tsc', root)), '-p', 'tsconfig.build.json']);

// npm makes a command executable when it links it: once, so that a second build would take it away.
chmodSync(new URL('dist/src/cli/main.js', root), 0o755);

const workflows = new URL('dist/workflows/index.js', root);
if (existsSync(workflows)) {
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const quiet = { trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error, log() {} };
  const { code } = await bundleWorkflowCode({ workflowsPath: fileURLToPath(workflows), logger: quiet });
  writeFileSync(new URL('dist/workflow-bundle.js', root), code);
}
