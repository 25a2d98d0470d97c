import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Connection } from '@temporalio/client';
import { readExternal, resolveServer } from '../../src/server/resolve-server.ts';
import { ensureSearchAttributes } from '../../src/server/search-attributes.ts';
import { startTestServer, testServerEnvironment, waitFor } from '../helpers/temporal-server.ts';

const dir = await mkdtemp(join(tmpdir(), 'rootstock-resolve-'));
test.after(() => rm(dir, { recursive: true, force: true }));

/** An environment whose default Temporal config file does not exist. */
const bare = { HOME: dir, XDG_CONFIG_HOME: dir, PATH: '' };

async function profileFile(): Promise<string> {
  const path = join(dir, 'temporal.toml');
  const lines = [
    '[profile.default]',
    'address = "one:7233"',
    '[profile.cloud]',
    'address = "two:7233"',
    'namespace = "team"',
    'api_key = "secret"',
  ];
  await writeFile(path, [...lines, '[profile.empty]', 'namespace = "team"', ''].join('\n'));
  return path;
}

test('nothing in the environment names no external server', () => {
  assert.equal(readExternal(bare), null);
  assert.equal(readExternal({ ...bare, TEMPORAL_NAMESPACE: 'team' }), null);
});

test('TEMPORAL_ADDRESS and Temporal profiles name an external server, the variable first', async () => {
  const file = await profileFile();
  assert.deepEqual(readExternal({ ...bare, TEMPORAL_ADDRESS: 'three:7233' }), {
    namespace: 'default',
    connectionOptions: { address: 'three:7233' },
  });
  assert.equal(readExternal({ ...bare, TEMPORAL_CONFIG_FILE: file })?.connectionOptions.address, 'one:7233');
  const cloud = { ...bare, TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud' };
  assert.deepEqual(readExternal(cloud), { namespace: 'team', connectionOptions: { address: 'two:7233', apiKey: 'secret', tls: true } });
  assert.equal(readExternal({ ...cloud, TEMPORAL_ADDRESS: 'three:7233' })?.connectionOptions.address, 'three:7233');
});

test('a profile that is not there, has no address or cannot be read is an error, never the embedded server', async () => {
  const file = await profileFile();
  const withProfile = (name: string) => () => readExternal({ ...bare, TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: name });
  assert.throws(withProfile('empty'), { code: 'USAGE', message: /"empty".*names no address/ });
  assert.throws(withProfile('absent'), { code: 'USAGE', message: /absent/ });
  const damaged = join(dir, 'damaged.toml');
  await writeFile(damaged, '[profile');
  assert.throws(() => readExternal({ ...bare, TEMPORAL_CONFIG_FILE: damaged }), { code: 'USAGE' });
});

test('an external server that does not answer is named with its address and what to do', async () => {
  // Port 9 (discard) is closed on any ordinary machine.
  const promise = resolveServer({ stateDir: join(dir, 'unused'), env: { ...bare, TEMPORAL_ADDRESS: '127.0.0.1:9' } });
  await assert.rejects(promise, { code: 'SERVER_UNAVAILABLE', message: /127\.0\.0\.1:9[\s\S]*TEMPORAL_ADDRESS/ });
  assert.ok(!(await readdir(dir)).includes('unused'));
});

test('an external server is used as it is: reached, asked for its namespace, not changed', async (t) => {
  const { server, stop } = await startTestServer();
  t.after(stop);
  const env = { ...bare, TEMPORAL_ADDRESS: server.address };
  const external = await resolveServer({ stateDir: join(dir, 'unused'), env });
  assert.deepEqual(
    { kind: external.kind, options: external.connectionOptions, namespace: external.namespace, uiUrl: external.uiUrl },
    { kind: 'external', options: { address: server.address }, namespace: 'default', uiUrl: null },
  );
  await external.close();
  assert.ok(!(await readdir(dir)).includes('unused'), 'no embedded server was started');
  const promise = resolveServer({ stateDir: join(dir, 'unused'), env: { ...env, TEMPORAL_NAMESPACE: 'absent' } });
  await assert.rejects(promise, { code: 'SERVER_UNAVAILABLE', message: /namespace "absent"/ });
});

test('a namespace without our search attributes is only reported as such', async (t) => {
  const { server, stop } = await startTestServer();
  t.after(stop);
  const connection = await Connection.connect({ address: server.address });
  t.after(() => connection.close());
  const workflowExecutionRetentionPeriod = { seconds: 24 * 3600 } as never;
  await connection.workflowService.registerNamespace({ namespace: 'bare', workflowExecutionRetentionPeriod });
  assert.equal(await ensureSearchAttributes(connection, 'bare'), false);
});

test('without a named server the embedded one of the state directory is used, and its address follows it', async (t) => {
  const { server, stateDir, killAndMove, stop } = await startTestServer();
  t.after(stop);
  const env = { ...testServerEnvironment(), HOME: dir, XDG_CONFIG_HOME: dir };
  const embedded = await resolveServer({ stateDir, env });
  assert.equal(embedded.kind, 'embedded');
  assert.equal(embedded.connectionOptions.address, server.address);
  const heard: string[] = [];
  embedded.onChange(({ kind }) => heard.push(kind));
  await killAndMove();
  await waitFor(() => heard.includes('ready'), 'the news to arrive');
  assert.equal(embedded.connectionOptions.address, server.address);
  assert.equal(embedded.uiUrl, server.uiUrl);
  await embedded.close();
});
