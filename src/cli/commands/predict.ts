import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RootstockError } from '../../errors.ts';
import { startTrainer } from '../../trainer-client/trainer-process.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';
import type { AddCommand } from '../run-cli.ts';

interface PredictFlags {
  readonly model: string;
  readonly data: string;
  readonly out: string;
  readonly batchSize: number;
  readonly json?: boolean;
}

/** `rootstock predict`. */
export const predictCommand: AddCommand = (program, done) => {
  program
    .command('predict')
    .description('predict every row of a file with a fine-tuned model; writes a CSV with one row per input row, in order')
    .requiredOption('--model <dir>', 'output directory of a run')
    .requiredOption('--data <file>', 'parquet, CSV or JSONL file with the x_features of the model')
    .requiredOption('--out <file.csv>', 'CSV to write: <y>, and for classifiers <y>_probability_<class>')
    .option('--batch-size <rows>', 'rows per forward pass', wholeNumber, 256)
    .option('--json', 'print JSON')
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
        batchSize: flags.batchSize,
      } as const;
      const outcome = await startTrainer(async () => job).outcome;
      if (outcome.type !== 'predicted') throw new RootstockError('INTERNAL', `A trainer answered "${outcome.type}" to a prediction.`);
      output.object({ event: 'predicted', rows: outcome.rows, out: job.out });
      output.line(`Predicted ${outcome.rows} rows: ${flags.out}`);
      done(EXIT.done);
    });
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RootstockError('USAGE', `--batch-size: expected a whole number of at least 1, received "${text}".`);
}
