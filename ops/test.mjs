// Runs the test suite: every test/**/*.test.ts (Node 20's runner has no globs), or the files and folders named on the command line.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const testFiles = (place) =>
  statSync(place).isDirectory()
    ? readdirSync(place, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => join(place, name))
        .sort()
    : [place];
const options = process.argv.slice(2).filter((word) => word.startsWith('-'));
const places = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const files = (places.length > 0 ? places : ['test']).flatMap(testFiles);
const args = ['--import', 'tsx', '--test', ...(options.length > 0 ? options : ['--test-reporter=spec', '--test-concurrency=2']), ...files];
process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1);
