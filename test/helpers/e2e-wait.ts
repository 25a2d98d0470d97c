import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: a busy machine is slow, and a test that hangs is cut off here with a reason. */
const DEADLINE_MS = 120_000;
const POLL_MS = 15;

/** Waits for a condition; throws saying what was waited for after two minutes. */
export async function until(condition: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS / 1000} s for ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_MS);
  }
}

/** Waits for a value; throws saying what was waited for after two minutes. */
export async function untilSome<T>(find: () => T | undefined | Promise<T | undefined>, what: string | (() => string)): Promise<T> {
  let found: T | undefined;
  await until(async () => {
    found = await find();
    return found !== undefined;
  }, what);
  return found as T;
}
