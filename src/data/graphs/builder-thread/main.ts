import { parentPort } from 'node:worker_threads';
import { answer, transferable } from './answer.ts';
import type { BuilderRequest } from './messages.ts';
import { warmUp } from './warm-up.ts';

// Mostly nobody waits for it yet: who started this thread still loads a backend.
try {
  warmUp();
} catch {
  // What is wrong shows when a batch is asked for.
}

parentPort?.on('message', (request: BuilderRequest) => {
  const reply = answer(request);
  if (reply !== null) parentPort?.postMessage(reply, transferable(reply));
});
