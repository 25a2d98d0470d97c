import { loadDuckDb } from '../data/duckdb.ts';
import { RootstockError } from '../errors.ts';
import { AHEAD } from './ahead.ts';
import { openMailbox } from './mailbox.ts';
import { openLog } from './open-log.ts';
import { installRuntime } from './runtime.ts';
import { serve } from './serve.ts';
import { takeOrder } from './take-order.ts';

process.title = 'rootstock worker';
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole process group; the command decides what it means

try {
  const mailbox = openMailbox();
  const order = takeOrder(mailbox);
  // There is time for what the first activity would load; it says what is wrong with it.
  if (process.argv[2] === AHEAD) loadAhead();
  const { serve: options, log, hold } = await order;
  if (log !== null) await openLog(log); // threads open files: after those that load code, before those of the runtime
  installRuntime();
  await serve(options, { hold, mailbox });
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  const facts =
    error instanceof RootstockError ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: String(error) };
  if (process.connected) process.send?.(facts, () => process.exit(1));
  else process.exit(1);
}

function loadAhead(): void {
  try {
    loadDuckDb();
  } catch {
    // It is not installed, or not for this machine.
  }
}
