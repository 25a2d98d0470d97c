import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { buffer as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { SAVED_MODEL_FILES } from '../../artifacts/saved-model/place.ts';
import { cannotWrite } from '../../contracts/cannot-write.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { convertRun } from '../../convert/convert-run.ts';
import { noteLines } from '../../convert/notes.ts';
import { readModelConfig } from '../../convert/read-model-config.ts';
import { writeRunFile } from '../../convert/write-run-file.ts';
import { RootstockError } from '../../errors.ts';
import { loadModels } from '../../models/load-models.ts';
import type { AddCommand } from '../add-command.ts';
import { EXIT } from '../exit-codes.ts';
import { globalOptions } from '../global-options.ts';
import { createOutput } from '../output.ts';

interface ConvertFlags {
  readonly out?: string;
  readonly name?: string;
  readonly data?: string;
  readonly train?: string;
  readonly validation?: string;
  readonly test?: string;
  readonly rowId?: string;
  readonly featurisation?: string;
  readonly model?: string;
  readonly faithful?: boolean;
  readonly json?: boolean;
}

/** `rootstock convert`. */
export const convertCommand: AddCommand = (program, done) => {
  program
    .command('convert')
    .description('turn a model_config of physicsml or molflux into a run file, and explain everything that changed')
    .argument('<file>', 'Python dictionary or JSON: {name, config}, or the directory of a saved model; - reads standard input')
    .option('--out <run.yaml>', 'run file to write (never overwrites); absent: print it')
    .option('--name <name>', 'name of the run; absent: the name of the file')
    .option('--data <file>', 'parquet, CSV, JSONL or SD file (.sdf) with all rows, split 80/10/10 by row id')
    .option('--train <file>', 'rows for training, with --validation and --test for the others')
    .option('--validation <file>', 'rows for validation')
    .option('--test <file>', 'rows for the test')
    .option('--row-id <column>', 'column with a stable id per row')
    .option('--featurisation <file>', 'featurisation_metadata.json: how columns that the data lacks are made')
    .option('--model <dir>', 'where the run puts its model; absent: models/<name>')
    .option('--faithful', "write out the original's behaviour where it differs here, so that the numbers stay")
    .option('--json', 'print the run file and the notes as one JSON object')
    .addHelpText(
      'after',
      `
Only literals are read; nothing is executed. Copy the dictionary out of your script, as it is:
  rootstock convert model_config.py --data molecules.parquet --out transfer.yaml
  python -c 'from my_script import model_config; print(model_config)' | rootstock convert - --out transfer.yaml

docs/from-physicsml.md compares both side by side.`,
    )
    .action(async (file: string, flags: ConvertFlags, command: Command) => {
      const output = createOutput(flags.json === true);
      const isModel = await isDirectory(file);
      const path = isModel ? join(file, SAVED_MODEL_FILES.config) : file;
      const source = path === '-' ? 'standard input' : path;
      const literal = readModelConfig(await readBytes(path), source);
      const name = flags.name ?? (file === '-' ? 'converted' : nameOf(isModel ? resolve(file) : file));
      const folder = flags.out === undefined ? '.' : dirname(flags.out);
      const from = relativeTo(folder);
      const { run, notes } = convertRun({
        modelConfig: literal.value,
        wholeFloats: literal.wholeFloats,
        place: literal.place,
        name,
        data: dataSection(flags, from),
        outputPath: flags.model === undefined ? newModel(name, { folder, old: isModel ? file : null }) : from(flags.model),
        pathFrom: from,
        faithful: flags.faithful === true,
        models: await loadModels(globalOptions(command).register),
      });
      const yaml = writeRunFile(run, notes, source);
      if (flags.out !== undefined) await writeNew(flags.out, yaml);
      else if (!output.json) process.stdout.write(yaml);
      output.object({ event: 'converted', out: flags.out ?? null, run, notes });
      if (flags.out !== undefined) output.line(`Wrote ${flags.out}. "rootstock plan ${flags.out}" shows what it does.`);
      if (notes.length > 0) output.note(`\n${noteLines(notes).join('\n')}`);
      done(EXIT.done);
    });
};

function dataSection(flags: ConvertFlags, from: (path: string) => string): JsonObject | null {
  const { data, train, validation, test, rowId, featurisation } = flags;
  const id = {
    ...(rowId === undefined ? {} : { row_id: rowId }),
    ...(featurisation === undefined ? {} : { featurisation: from(featurisation) }),
  };
  if (data !== undefined && train !== undefined) {
    throw new RootstockError(
      'USAGE',
      '--data and --train exclude each other.\nFix: give one file with --data, or one per split with --train, --validation, --test.',
    );
  }
  if (data !== undefined) return { source: from(data), ...id, split: { name: 'shuffle_split' } };
  if (train === undefined) return null;
  return {
    train: from(train),
    ...(validation === undefined ? {} : { validation: from(validation) }),
    ...(test === undefined ? {} : { test: from(test) }),
    ...id,
  };
}

/** Paths of a run file are relative to its folder; those on a command line, and in a script, to the working directory. */
function relativeTo(folder: string): (path: string) => string {
  return (path) => (isAbsolute(path) || /^[a-z0-9]+:\/\//u.test(path) ? path : relative(resolve(folder), resolve(path)) || '.');
}

/** Where the run puts its model when nobody says: never where the model that is converted lies. */
function newModel(name: string, { folder, old }: { readonly folder: string; readonly old: string | null }): string {
  const path = `models/${name}`;
  return old !== null && resolve(folder, path) === resolve(old) ? `${path}-converted` : path;
}

async function isDirectory(file: string): Promise<boolean> {
  if (file === '-') return false;
  const found = await stat(file).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** The file's name as a run's name: letters, digits, ".", "_" and "-". */
function nameOf(file: string): string {
  const stem = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9._-]+/gu, '-');
  return /^[A-Za-z0-9]/u.test(stem) ? stem.slice(0, 128) : `run-${stem}`.slice(0, 128);
}

async function readBytes(file: string): Promise<Buffer> {
  if (file === '-') return readAll(process.stdin);
  try {
    return await readFile(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const isMissing = code === 'ENOENT';
    throw new RootstockError(
      isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE',
      `"${file}" ${isMissing ? 'is not there' : `cannot be read (${code})`}.\nFix: give a file with one Python dictionary or JSON, or the directory of a saved model.`,
      { file },
      { cause },
    );
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, cause);
    const text = `"${path}" is there already, and is not overwritten.\nFix: give another --out.`;
    throw new RootstockError('OUTPUT_EXISTS', text, { path }, { cause });
  }
}
