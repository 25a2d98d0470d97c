import { RootstockError } from '../errors.ts';
import { installRuntime } from './runtime.ts';
import { type ServeOptions, serve } from './serve.ts';

installRuntime();
process.title = 'rootstock worker';
process.on('SIGINT', () => undefined); // Ctrl-C reaches the whole process group; the command decides what it means

try {
  await serve(JSON.parse(process.argv[2] ?? '{}') as ServeOptions);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  const facts =
    error instanceof RootstockError ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: String(error) };
  if (process.connected) process.send?.(facts, () => process.exit(1));
  else process.exit(1);
}
