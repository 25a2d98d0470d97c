import { Worker } from 'node:worker_threads';

let alive = 0;

/** How many threads of this process have not ended. */
export function threadsAlive(): number {
  return alive;
}

/**
 * Starts the thread. Its main file lies beside this one, in src/ and in dist/. Sources are loaded through tsx, which on Node 20 has to be
 * registered by a script before the main file is imported: `--import` comes too late in a thread.
 */
export function startThread(): Worker {
  const thread = start();
  alive += 1;
  thread.once('exit', () => {
    alive -= 1;
  });
  return thread;
}

function start(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./main.js', import.meta.url), { execArgv: [] });
  const [tsx, main] = [import.meta.resolve('tsx/esm/api'), new URL('./main.ts', import.meta.url).href];
  const script = `import(${JSON.stringify(tsx)}).then(({ register }) => { register(); return import(${JSON.stringify(main)}); });`;
  return new Worker(script, { eval: true, execArgv: [] });
}
