// The supervisor process: owns the embedded Temporal server of one state directory. Its one argument is SupervisorOptions as JSON; what it
// prints goes to <state>/server/supervisor.log. Exit codes: 0 done (or another supervisor is there already), 1 the server would not start.
import type { SupervisorOptions } from './protocol.ts';
import { supervise } from './supervise.ts';

const argument = process.argv[2];
if (argument === undefined) throw new Error('usage: supervisor OPTIONS-AS-JSON');
const note = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${process.pid} ${line}\n`);
// A terminal's signals end commands, not the server that other commands may use.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.stderr.on('error', () => undefined); // a full disk: a log is no reason to end
const supervision = await supervise(JSON.parse(argument) as SupervisorOptions, note).catch((error: unknown): never => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  note('the folder went meanwhile, with a server that nobody needed');
  process.exit(0); // it may listen already; whoever needs a server starts another supervisor
});
if (supervision !== null) {
  process.on('SIGTERM', () => supervision.stop('SIGTERM'));
  try {
    await supervision.done;
    note('ended');
  } catch (error) {
    note(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  }
}
