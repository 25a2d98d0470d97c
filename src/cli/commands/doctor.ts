import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import type { Command } from 'commander';
import { VERSION } from '../../contracts/version.ts';
import { RootstockError } from '../../errors.ts';
import { type BackendProbe, probeBackends } from '../../kernels/probe.ts';
import { formatBytes } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import { findServerBinary } from '../../server/binary/find-server-binary.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { createOutput } from '../output.ts';

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
}

/** Native modules that a broken installation may lack although npm ended with success. */
const NATIVE_MODULES = ['@temporalio/core-bridge', '@duckdb/node-api'] as const;

/** `rootstock doctor`. */
export const doctorCommand: AddCommand = (program, done) => {
  program
    .command('doctor')
    .description('check what this machine has: native modules, training backends, the Temporal server binary')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }, _command: Command) => {
      const output = createOutput(flags.json === true);
      const backends = await probeBackends();
      const checks = [...NATIVE_MODULES.map(checkModule), await checkServer((text) => output.note(text))];
      const healthy = checks.every(({ ok }) => ok) && backends.some(({ name, available }) => name === 'wasm' && available);
      output.object({
        version: VERSION,
        node: process.versions.node,
        platform: `${process.platform} ${process.arch}`,
        cores: cpus().length,
        memory: totalmem(),
        checks,
        backends,
        healthy,
      });
      output.line(
        `Rootstock ${VERSION}, Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} cores, ${formatBytes(totalmem())} memory\n`,
      );
      output.line(formatTable(['backend', '', 'version', ''], backends.map(backendRow)));
      output.line(
        `\n${formatTable(
          ['needed', '', ''],
          checks.map(({ what, ok, text }) => [what, ok ? 'ok' : 'missing', text]),
        )}`,
      );
      done(healthy ? EXIT.done : EXIT.environment);
    });
};

function backendRow({ name, available, version, why }: BackendProbe): readonly string[] {
  return [name, available ? 'ok' : 'no', version ?? '-', why];
}

function checkModule(name: string): Check {
  try {
    createRequire(import.meta.url)(name);
    return { what: name, ok: true, text: 'loads' };
  } catch (error) {
    return { what: name, ok: false, text: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

async function checkServer(onProgress: (text: string) => void): Promise<Check> {
  const named = process.env['TEMPORAL_ADDRESS'];
  if (named !== undefined && named !== '') return { what: 'Temporal server', ok: true, text: `TEMPORAL_ADDRESS=${named}` };
  try {
    const { path, version, origin } = await findServerBinary({ env: process.env, onProgress });
    return { what: 'Temporal server', ok: true, text: `${path} (${version}, ${origin})` };
  } catch (error) {
    if (error instanceof RootstockError) return { what: 'Temporal server', ok: false, text: error.message };
    throw error;
  }
}
