import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { scanData } from '../../src/data/scan-data.ts';
import { openSession } from '../../src/data/session.ts';
import { failure, makeDirectory, separate, sql, writeTable } from './data-fixtures.ts';

async function refusal(t: TestContext, text: string): Promise<string> {
  const directory = await makeDirectory(t);
  const path = join(directory, 'rows.csv');
  await writeTable('SELECT range AS id, 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(4)', path);
  const error = await failure(() => scanData(separate(sql(text.replaceAll('DIR', directory), { rows: path })), { cacheDir: null }));
  assert.equal(error.code, 'SQL_INVALID');
  assert.match(error.message, /data\.train\.sql: /);
  return error.message;
}

const HOSTILE: readonly (readonly [string, RegExp])[] = [
  [`SELECT * FROM read_text('/etc/passwd')`, /table function read_text is not allowed/],
  [`SELECT (SELECT content FROM read_blob('/etc/passwd')) AS id`, /table function read_blob is not allowed/],
  [`SELECT * FROM '/etc/passwd.csv'`, /there is no table "\/etc\/passwd\.csv"/],
  [`SELECT * FROM glob('/*')`, /table function glob is not allowed/],
  [`SELECT * FROM read_csv('http://127.0.0.1/x.csv')`, /table function read_csv is not allowed/],
  [`SELECT * FROM query('SELECT 1')`, /table function query is not allowed/],
  [`SELECT * FROM enable_logging(storage = 'file', storage_path = 'DIR/log')`, /table function enable_logging is not allowed/],
  [`WITH a AS (SELECT * FROM duckdb_secrets()) SELECT * FROM a`, /table function duckdb_secrets is not allowed/],
  [`SELECT * FROM rows WHERE id IN (SELECT 1 FROM information_schema.tables)`, /there is no table "information_schema.tables"/],
  [`ATTACH 'DIR/other.db'`, /received another kind of statement/],
  [`COPY rows TO 'DIR/out.csv'`, /received another kind of statement/],
  [`INSTALL httpfs`, /received another kind of statement/],
  [`LOAD httpfs`, /received another kind of statement/],
  [`SET enable_external_access = true`, /received another kind of statement/],
  [`PRAGMA version`, /received another kind of statement|expected a SELECT/],
  [`CREATE TABLE t AS SELECT 1`, /received another kind of statement/],
  [`SELECT * FROM rows; COPY rows TO 'DIR/out.csv'`, /expected one SELECT, received 2 statements/],
  [`SELECT 1 AS id) AS a; COPY (SELECT 1`, /Parser Error/],
  [`DESCRIBE rows`, /expected a SELECT/],
  ['', /received nothing/],
];

for (const [text, expected] of HOSTILE) {
  test(`the query ${JSON.stringify(text)} is refused`, async (t) => assert.match(await refusal(t, text), expected));
}

test('a query that gives other rows each time is refused', async (t) => {
  assert.match(await refusal(t, 'SELECT *, random() AS r FROM rows'), /random gives another value each time/);
  assert.match(await refusal(t, "SELECT * FROM rows WHERE current_date > DATE '2020-01-01'"), /current_date gives another value/);
  assert.match(await refusal(t, 'SELECT * FROM rows USING SAMPLE 2'), /sample without a seed/);
});

test("a mistake in a query is told in DuckDB's words", async (t) => {
  assert.match(await refusal(t, 'SELEC * FROM rows'), /Parser Error: syntax error at or near "SELEC"/);
  assert.match(await refusal(t, 'SELECT nothere FROM rows'), /Binder Error: .*nothere/);
  assert.match(
    await refusal(t, 'SELECT * FROM row'),
    /there is no table "row" \(did you mean "rows"\?\); the names under "files" are: rows/,
  );
  const late = `SELECT * REPLACE (CASE WHEN id < 2 THEN x1 ELSE error('bad row') END AS x1) FROM rows`;
  assert.match(await refusal(t, late), /bad row/);
});

test('the lock holds by itself, without the check', async (t) => {
  const directory = await makeDirectory(t);
  const inside = join(directory, 'in.csv');
  await writeFile(inside, 'a\n1\n');
  await writeFile(join(directory, 'secret.csv'), 'a\n1\n');
  const session = await openSession({ readable: [inside], threads: 1 });
  t.after(() => session.close());
  const refused = async (text: string, message: RegExp): Promise<void> => assert.rejects(session.run(text), message);
  await session.run(`SELECT * FROM read_csv('${inside}')`);
  await refused(`SELECT * FROM read_csv('${directory}/secret.csv')`, /Permission Error/);
  await refused(`SELECT * FROM read_text('/etc/passwd')`, /Permission Error/);
  await refused(`SELECT * FROM glob('${directory}/*')`, /Permission Error/);
  await refused(`ATTACH '${directory}/x.db'`, /Permission Error/);
  await refused(`COPY (SELECT 1) TO '${directory}/out.csv'`, /Permission Error/);
  await refused(`LOAD httpfs`, /Permission Error/);
  await refused('SET enable_external_access = true', /lock|Cannot change/i);
  await refused(`SET allowed_paths = ['/etc/passwd']`, /lock|Cannot change/i);
  await assert.rejects(access(join(directory, 'out.csv')));
});

test('common table expressions, subqueries, unnest and lambdas are allowed', async (t) => {
  const path = join(await makeDirectory(t), 'rows.csv');
  await writeTable('SELECT range AS id, 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(4)', path);
  const text = `WITH picked AS (FROM rows WHERE id IN (SELECT unnest([1, 2, 3])))
    SELECT id, x1, list_sum(list_transform([x2], v -> v * 2)) AS x2, y FROM picked; -- a remark`;
  const facts = await scanData(separate(sql(text, { rows: path })), { cacheDir: null });
  assert.equal(facts.splits.train?.rows, 3);
});
