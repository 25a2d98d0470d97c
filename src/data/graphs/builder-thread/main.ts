import { parentPort } from 'node:worker_threads';
import { answer, buffersOf } from './answer.ts';
import type { BuilderRequest } from './messages.ts';
import { warmUp } from './warm-up.ts';

// Nobody waits for it yet: who started this thread still loads a backend.
warmUp();

parentPort?.on('message', (request: BuilderRequest) => {
  const reply = answer(request);
  if (reply !== null) parentPort?.postMessage(reply, [...buffersOf(reply)]);
});
