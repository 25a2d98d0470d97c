import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generateData } from './generate-data.ts';

const USAGE = `npm run example:molecules                      the example on molecules of its own, made at the first run
npm run example:molecules -- --qm9 FILE        physicsml's tutorial on a parquet file with QM9 molecules

Both pre-train, transfer in two stages, train the same budget from scratch, and print both errors. --seed N takes other weights.`;

const here = fileURLToPath(new URL('.', import.meta.url));
const values = readOptions();
const sets = ['--set', `seed=${values.seed}`];

if (values.qm9 === undefined) {
  await generateData(resolve(here, 'data'), (text) => console.log(text));
  await rootstock('run', resolve(here, 'transfer.yaml'), ...(values.seed === '0' ? [] : sets));
} else {
  const data = ['--set', `data.source=${resolve(values.qm9)}`, ...sets];
  await rootstock('run', resolve(here, 'qm9-lumo.yaml'), ...data);
  await rootstock('run', resolve(here, 'qm9-u0.yaml'), ...data);
}

/** What the command line says; --help and a wrong option end the process with the usage. */
function readOptions() {
  try {
    const options = { qm9: { type: 'string' }, seed: { type: 'string', default: '0' }, help: { type: 'boolean', short: 'h' } } as const;
    const read = parseArgs({ options }).values;
    if (read.help !== true) return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** Runs a command of rootstock with its output on this terminal; a command that fails ends this one with its exit code. */
async function rootstock(...words: readonly string[]): Promise<void> {
  const main = ['--import', import.meta.resolve('tsx'), resolve(here, '../../src/cli/main.ts')];
  const child = spawn(process.execPath, [...main, ...words], { stdio: 'inherit' });
  const code = await new Promise<number | null>((done) => child.once('exit', done));
  if (code !== 0) process.exit(code ?? 1);
}
