import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Benchmark } from './benchmark.ts';
import { BENCHMARKS, findBenchmarks, QUICK } from './catalogue.ts';
import { readConditions, readLoad } from './conditions.ts';
import { type Report, type Row, renderReport, toRow } from './report.ts';

/** Fewer samples than this judge nothing. */
const GATE_SAMPLES = 7;
const QUICK_SAMPLES = 3;

const HELP = `
Every figure is measured beside its baseline in the same run: the two sides take turns (A B, B A, ...), the first pair is dropped, and
the table shows the median ratio with a bootstrap 95 % interval, both absolute numbers and the load average. Smaller is better.
"missed" means that the whole interval lies beyond the target, "undecided" that the target lies inside it.

Nothing else should run on the machine. State goes to a temporary folder (B13 needs 2 GiB there) and is removed.

Examples:
  npm run bench -- --quick            the short set, three samples each, about two minutes, no gate
  npm run bench -- --list             what there is, and what it is measured against
  npm run bench -- B1 B13             these two, seven samples each; exit code 1 when a target is missed
  npm run bench -- B1 --samples 3     fewer samples, no gate
  npm run bench --                    everything; about half an hour
  npm run bench -- --json bench.json  also writes every sample`;

interface Words {
  readonly quick?: boolean;
  readonly list?: boolean;
  readonly json?: string;
  readonly samples?: number;
  readonly seed: number;
}

/** Runs the command line and returns its exit code: 0, 1 when a target is missed, 2 for words it does not know. */
export async function runBenchCommand(words: readonly string[]): Promise<number> {
  const command = new Command('npm run bench --')
    .description('Measures what performance the documentation promises.')
    .argument('[ids...]', 'benchmarks by name, such as B1; none: all, or the short set with --quick')
    .option('--quick', `B6, B7, B9 and B17, ${QUICK_SAMPLES} samples each, no gate`)
    .option('--list', 'shows every benchmark')
    .option('--json <file>', 'also writes conditions, figures and all samples as JSON')
    .option('--samples <n>', `samples that count; ${GATE_SAMPLES} unless told otherwise; fewer have no gate`, toCount)
    .option('--seed <n>', 'seed of data, weights and intervals', toCount, 1)
    .addHelpText('after', HELP)
    .exitOverride();
  try {
    command.parse([...words], { from: 'user' });
    const options = command.opts<Words>();
    if (options.list === true) return print(list());
    const ids = command.args.length > 0 ? findBenchmarks(command.args) : options.quick === true ? QUICK : BENCHMARKS;
    return await measure(ids, options);
  } catch (error) {
    return explain(error);
  }
}

async function measure(benchmarks: readonly Benchmark[], options: Words): Promise<number> {
  const { seed } = options;
  const samples = options.samples ?? (options.quick === true ? QUICK_SAMPLES : GATE_SAMPLES);
  const gated = samples >= GATE_SAMPLES;
  const conditions = readConditions(seed);
  const rows: Row[] = [];
  for (const benchmark of benchmarks) {
    const say = (text: string) => void process.stderr.write(`${benchmark.id} ${benchmark.title}: ${text}\n`);
    const directory = await mkdtemp(join(tmpdir(), 'rootstock-bench-'));
    try {
      say('starts');
      const before = readLoad();
      const measurements = await benchmark.run({ samples, seed, directory, say });
      const load = { before, after: readLoad() };
      rows.push(...measurements.map((measurement) => toRow(benchmark, measurement, { seed, load })));
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  const report: Report = { format: 1, conditions, gated, rows };
  print(renderReport(report));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  return gated && rows.some(({ verdict }) => verdict === 'missed') ? 1 : 0;
}

function list(): string {
  const lines = BENCHMARKS.map((benchmark) => {
    const { id, title, measures, against, secondsPerPair } = benchmark;
    const quick = QUICK.includes(benchmark) ? ' (also in --quick)' : '';
    return `${id}  ${title}${quick}, about ${secondsPerPair} s per sample\n    measures ${measures}\n    against ${against}`;
  });
  return lines.join('\n');
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function toCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.');
  return Number(text);
}

/** Words that are wrong have been explained by commander; anything else is a failure of a benchmark. */
function explain(error: unknown): number {
  const { code, message, stack } = error as Error & { readonly code?: string };
  if (code === 'commander.helpDisplayed') return 0;
  if (code?.startsWith('commander.') === true) return 2;
  const unknownName = message.startsWith('there is no benchmark');
  process.stderr.write(`${unknownName ? message : (stack ?? message)}\n`);
  return unknownName ? 2 : 1;
}
