import { CHILD_WORD, serveChild } from './child.ts';

// Benchmarks start this file again for what runs in a process of its own.
const [word, name, job] = process.argv.slice(2);
if (word === CHILD_WORD && name !== undefined && job !== undefined) await serveChild(name, job);
else {
  const { runBenchCommand } = await import('./command.ts');
  process.exitCode = await runBenchCommand(process.argv.slice(2));
}
