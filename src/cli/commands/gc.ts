import { diskUse } from '../../artifacts/disk-use.ts';
import { collectGarbage } from '../../artifacts/gc.ts';
import { stateLayout } from '../../contracts/state-directory.ts';
import { formatBytes, formatCount, formatNamed } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';

/** `rootstock gc`. */
export const gcCommand: AddCommand = (program, done) => {
  program
    .command('gc')
    .description('show what the store takes and free what nothing refers to any more; what is younger than an hour stays')
    .option('--dry-run', 'only say what would be freed')
    .option('--json', 'print JSON')
    .action(async (flags: { dryRun?: boolean; json?: boolean }, command) => {
      const output = createOutput(flags.json === true);
      const { store } = stateLayout(globalOptions(command).stateDir);
      const before = await diskUse(store);
      const report = await collectGarbage(store, { dryRun: flags.dryRun === true });
      output.object({ store, before, ...report, dry_run: flags.dryRun === true });
      const rows = (['blobs', 'documents', 'temporary', 'quarantine'] as const).map((part) => [
        part,
        formatCount(before[part].files),
        formatBytes(before[part].bytes),
      ]);
      output.line(`${store}\n${formatTable(['', 'files', 'size'], rows)}`);
      output.line(
        `${flags.dryRun === true ? 'Would free' : 'Freed'} ${formatBytes(report.freedBytes)} in ${formatNamed(report.files, 'file')}; ${formatBytes(report.reachableBytes)} are in use.`,
      );
      done(EXIT.done);
    });
};
