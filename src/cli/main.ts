#!/usr/bin/env node
import { runCli } from './run-cli.ts';

// A reader that has seen enough (`rootstock list | head`) is no error; a run goes on where it was when it is started again.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2));
