#!/usr/bin/env node
import { needsWorker, prepareWorker } from './prepared-worker.ts';

// A reader that has seen enough (`rootstock list | head`) is no error; a run goes on where it was when it is started again.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const words = process.argv.slice(2);
// The worker of a run loads its code while this process loads its own.
const prepared = needsWorker(words) ? prepareWorker() : undefined;
const { runCli } = await import('./run-cli.ts');
process.exitCode = await runCli(words, prepared);
await prepared?.end();
