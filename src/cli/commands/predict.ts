import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RootstockError } from '../../errors.ts';
import { formatNamed } from '../../reports/format.ts';
import type { AddCommand } from '../add-command.ts';
import { batchSizeOption } from '../batch-size-option.ts';
import { checkOut } from '../check-out.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';
import { rowsProgress } from '../rows-progress.ts';
import { runModelJob } from '../run-model-job.ts';

interface PredictFlags {
  readonly model: string;
  readonly data: string;
  readonly out: string;
  readonly force?: boolean;
  readonly rowId?: string;
  readonly batchSize?: number;
  readonly json?: boolean;
}

/** `rootstock predict`. */
export const predictCommand: AddCommand = (program, done) => {
  program
    .command('predict')
    .description('predict every row of a file with a saved model; writes one row per input row, in order')
    .requiredOption('--model <dir>', 'output directory of a run, or a directory saved by physicsml or molflux')
    .requiredOption('--data <file>', 'parquet, CSV, JSONL or SD file (.sdf) with the x_features of the model')
    .requiredOption('--out <file>', 'file to write: .csv, .jsonl or .parquet; never the data, nor a file of the model')
    .option('--force', 'write over --out where there is a file already')
    .option('--row-id <column>', 'column of the data to put first in each row, as text; rows are in the order of the data in any case')
    .addOption(batchSizeOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Columns: <y> for each y feature. Targets of atoms or edges are lists (JSON in a CSV cell), in the order of the molecule's atoms or edges.
A classifier adds <y>_probability_<class>, a mean-variance model <y>::std.

Examples:
  rootstock predict --model models/digits --data new.parquet --out predictions.csv
  rootstock predict --model models/u0 --data molecules.sdf --out predictions.parquet`,
    )
    .action(async (flags: PredictFlags, command: Command) => {
      const output = createOutput(flags.json === true);
      const { register } = globalOptions(command);
      const job = {
        kind: 'predict',
        register,
        model: resolve(flags.model),
        data: resolve(flags.data),
        out: resolve(flags.out),
        backend: null,
        ...(flags.rowId === undefined ? {} : { rowId: flags.rowId }),
        batchSize: flags.batchSize ?? null,
      } as const;
      await checkOut({ ...job, force: flags.force === true });
      const { outcome, warnings } = await runModelJob(job, rowsProgress(output, 'Predicted'));
      output.progress('');
      for (const text of warnings) output.note(`Warning: ${text}`);
      if (outcome.type !== 'predicted') throw new RootstockError('INTERNAL', `A trainer answered "${outcome.type}" to a prediction.`);
      output.object({ event: 'predicted', rows: outcome.rows, out: job.out, warnings });
      output.line(`Predicted ${formatNamed(outcome.rows, 'row')}: ${flags.out}`);
      done(EXIT.done);
    });
};
