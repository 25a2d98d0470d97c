// Writes the key tables of docs/run-file.md: node --import tsx ops/run-file-doc.ts
import { readFile, writeFile } from 'node:fs/promises';
import { describeKeys } from '../src/config/describe-keys.ts';
import { replaceKeyTables } from '../src/config/key-tables.ts';
import { builtinModels } from '../src/models/registry.ts';

const page = new URL('../docs/run-file.md', import.meta.url);
await writeFile(page, replaceKeyTables(await readFile(page, 'utf8'), describeKeys(builtinModels)));
