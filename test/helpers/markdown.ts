import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** The text of a file of this repository. */
export function readOwn(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** Fails unless the snippets of a page that name a file (`<!-- file: PATH -->`) are of these files, in this order, and equal them. */
export async function assertSnippets(page: string, files: readonly string[]): Promise<void> {
  assert.deepEqual(commentsOf(page, 'file'), files);
  for (const file of files) assert.equal(blockAfter(page, `file: ${file}`), await readOwn(file), file);
}

/** The fenced code block that follows an HTML comment such as `<!-- file: examples/api/run.ts -->`; undefined when there is none. */
export function blockAfter(page: string, comment: string): string | undefined {
  const start = page.indexOf(`<!-- ${comment} -->`);
  return start < 0 ? undefined : /^```\w*\n(?<body>[\s\S]*?)^```$/mu.exec(page.slice(start))?.groups?.['body'];
}

/** What all comments of a kind name: `file` finds the paths of `<!-- file: PATH -->`. */
export function commentsOf(page: string, kind: string): readonly string[] {
  return [...page.matchAll(new RegExp(`<!-- ${kind}: (?<name>\\S+) -->`, 'gu'))].map((match) => match.groups?.['name'] ?? '');
}

/** The rows of the table that follows an HTML comment, as cells without padding; its header and rule are left out. */
export function tableAfter(page: string, comment: string): readonly (readonly string[])[] {
  const start = page.indexOf(`<!-- ${comment} -->`);
  const table = start < 0 ? '' : (/(?:^\|.*\|\n)+/mu.exec(page.slice(start))?.[0] ?? '');
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Targets of the links to files of this repository. */
export function localLinks(page: string): readonly string[] {
  return [...page.matchAll(/\]\((?<target>[^)#\s]+)/gu)]
    .map((match) => match.groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:/u.test(target));
}
