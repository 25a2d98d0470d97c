import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import type { Command } from 'commander';
import { cannotWrite } from '../../contracts/cannot-write.ts';
import type { Metrics } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import { distinctMetrics, formatNamed, formatNumber } from '../../reports/format.ts';
import { formatTable } from '../../reports/table.ts';
import type { AddCommand } from '../add-command.ts';
import { batchSizeOption } from '../batch-size-option.ts';
import { checkOut } from '../check-out.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';
import { rowsProgress } from '../rows-progress.ts';
import { runModelJob } from '../run-model-job.ts';

interface EvaluateFlags {
  readonly metrics?: readonly string[];
  readonly splitName: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly batchSize?: number;
  readonly json?: boolean;
}

/** `rootstock evaluate MODEL DATA`. */
export const evaluateCommand: AddCommand = (program, done) => {
  program
    .command('evaluate')
    .description('judge a saved model on a file with labels: the metrics that a run computes on its test split')
    .argument('<model>', 'output directory of a run, or a directory saved by physicsml or molflux')
    .argument('<data>', 'parquet, CSV, JSONL or SD file (.sdf) with the x_features and y_features of the model')
    .option('--metrics <names>', 'comma-separated metrics (default: all of the task); the loss is always there', names)
    .option(
      '--split-name <name>',
      'what stands before the name of each metric: test gives test/mae; nothing else depends on it',
      splitName,
      'test',
    )
    .option('--out <file.json>', 'write the metrics as JSON, too; never over the data, nor in the model', jsonFile)
    .option('--force', 'write over --out where there is a file already')
    .addOption(batchSizeOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Metrics: accuracy for classifiers; mae, rmse and r2 for regressors, in the unit of the target. Where a head has several columns each is
judged for itself, too (test/mae/<column>); a model of molecules with several heads has test/<head>/mae. Missing targets are left out.

Examples:
  rootstock evaluate models/u0 data/test.parquet
  rootstock evaluate models/u0 data/new.jsonl --metrics mae --split-name new --out metrics.json`,
    )
    .action(async (model: string, data: string, flags: EvaluateFlags, command: Command) => {
      const output = createOutput(flags.json === true);
      const { register } = globalOptions(command);
      const job = {
        kind: 'evaluate_model',
        register,
        model: resolve(model),
        data: resolve(data),
        backend: null,
        batchSize: flags.batchSize ?? null,
        metrics: flags.metrics ?? null,
        prefix: flags.splitName,
      } as const;
      const out = flags.out === undefined ? undefined : resolve(flags.out);
      if (out !== undefined) await checkOut({ ...job, out, force: flags.force === true });
      const { outcome, warnings } = await runModelJob(job, rowsProgress(output, 'Judged'));
      output.progress('');
      for (const text of warnings) output.note(`Warning: ${text}`);
      if (outcome.type !== 'evaluated') throw new RootstockError('INTERNAL', `A trainer answered "${outcome.type}" to an evaluation.`);
      const { metrics, rows = 0 } = outcome;
      const result = { model: job.model, data: job.data, rows, metrics };
      if (out !== undefined) await writeResult(out, result);
      output.object({ event: 'evaluated', ...result, ...(out === undefined ? {} : { out }), warnings });
      output.line(`${model} on ${formatNamed(rows, 'row')} of ${data}`);
      output.line(metricsTable(metrics));
      if (flags.out !== undefined) output.line(`Written: ${flags.out}`);
      done(EXIT.done);
    });
};

function metricsTable(metrics: Metrics): string {
  return formatTable(
    ['metric', 'value'],
    Object.entries(distinctMetrics(metrics)).map(([name, value]) => [name, formatNumber(value)]),
  );
}

/** A word that can stand before a slash in the name of a metric. USAGE otherwise. */
function splitName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/u.test(text)) return text;
  const expected = 'a letter, then up to 63 letters, digits, "_", "-" or "."';
  throw new RootstockError(
    'USAGE',
    `--split-name: expected ${expected}, received ${JSON.stringify(text)}.\nFix: leave it out (test), or give a word such as new or val.`,
  );
}

/** Names between commas. USAGE where there is none. */
function names(text: string): readonly string[] {
  const found = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (found.length > 0) return found;
  throw new RootstockError(
    'USAGE',
    `--metrics: expected names of metrics, received ${JSON.stringify(text)}.\nFix: leave it out (all of the task), or give one such as mae; loss is the loss alone.`,
  );
}

/** A path that ends in .json. USAGE otherwise. */
function jsonFile(text: string): string {
  if (extname(text).toLowerCase() === '.json') return text;
  throw new RootstockError(
    'USAGE',
    `--out: expected a file that ends in .json, received ${JSON.stringify(text)}.\nFix: metrics are written as JSON only; give it this extension.`,
  );
}

/** Writes JSON that takes its name only when it is complete. */
async function writeResult(path: string, result: object): Promise<void> {
  const temp = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temp, `${JSON.stringify(result, null, 2)}\n`);
    await rename(temp, path);
  } catch (cause) {
    await rm(temp, { force: true });
    throw cannotWrite(path, cause);
  }
}
