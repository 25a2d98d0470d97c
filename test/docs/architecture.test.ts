import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import test from 'node:test';
import { tableAfter } from '../helpers/markdown.ts';

const root = new URL('../../', import.meta.url);
const page = await readFile(new URL('ARCHITECTURE.md', root), 'utf8');

interface Rule {
  readonly name: string;
  readonly to: { readonly pathNot?: readonly string[] };
}

test("ARCHITECTURE.md's table of who may import whom is what dependency-cruiser enforces", () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { readonly forbidden: readonly Rule[] };
  const enforced = forbidden.flatMap(({ name, to }): [string, string][] => {
    const folder = /^(?<folder>[a-z-]+)-imports$/u.exec(name)?.groups?.['folder'];
    if (folder === undefined || folder === 'contracts' || folder === 'random') return [];
    const others = (to.pathNot ?? []).slice(1).map((pattern) => pattern.replaceAll(/^\^(?:src\/)?|\\\.ts\$$|\/$/gu, ''));
    return [[folder, others.filter((other) => !['contracts', 'errors', 'random'].includes(other)).join(' ') || '-']];
  });
  const shown = tableAfter(page, 'layers').map(([folder = '', others = '']) => [
    folder.replaceAll('`', ''),
    others.replaceAll('`', '').replaceAll(', ', ' '),
  ]);
  assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(enforced));
});

test('every file of the sources that ARCHITECTURE.md names is there', () => {
  const paths = [...page.matchAll(/`(?<path>(?:src|workflows|activities)\/[\w./-]+\.ts)`/gu)].map((match) => match.groups?.['path'] ?? '');
  assert.ok(paths.length >= 8);
  for (const path of paths) assert.ok(existsSync(new URL(path, root)), path);
});
