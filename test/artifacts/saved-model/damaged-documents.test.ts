import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readFeaturisation, readModelConfig } from '../../../src/artifacts/saved-model/read.ts';
import { RootstockError } from '../../../src/errors.ts';
import { temporaryDirectory } from '../../helpers/store-faults.ts';

/** What is said of a file with this content, without its path. */
async function refusal(directory: string, name: string, content: string | Buffer): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  const error: unknown = await (name === 'model_config.json' ? readModelConfig(directory) : readFeaturisation(directory)).catch(
    (error: unknown) => error,
  );
  assert.ok(error instanceof RootstockError, content.toString());
  assert.equal(error.code, 'CHECKPOINT_INVALID');
  assert.ok(error.message.startsWith(`"${path}" is not `), error.message);
  return error.message.slice(`"${path}" `.length);
}

test('a truncated document of a saved model says where it ends and what to do', async (t) => {
  const directory = await temporaryDirectory(t);
  const whole = JSON.stringify({ name: 'egnn_model', config: { x_features: ['a', 'b'], num_layers: 4, deep: { er: null } } }, null, 2);
  for (const name of ['model_config.json', 'featurisation_metadata.json']) {
    for (let length = 1; length < whole.length; length += 1) {
      const text = whole.slice(0, length);
      const line = text.split('\n').length;
      const message = await refusal(directory, name, text);
      // a word cut in two (tru, nul) is what it is to the parser
      if (!/[a-z]$/u.test(text) || /"[^"]*$/u.test(text.split('\n').at(-1) ?? ''))
        assert.match(
          message,
          new RegExp(`^is not JSON: line ${line}, column \\d+: the file ends too early\\.\\nFix: put the file`, 'u'),
          text,
        );
    }
    assert.match(await refusal(directory, name, ''), /the file is empty\.\nFix: /u);
  }
});

test('NaN and Infinity, which json.dump of Python writes, are named with their key and line', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const word of ['NaN', 'Infinity', '-Infinity']) {
    const text = `{"name": "NaN: \\" Infinity",\n "config": {"scaling_std": 1,\n  "scaling_mean": ${word}}}`;
    const message = await refusal(directory, 'model_config.json', text);
    assert.ok(
      message.startsWith(`is not JSON: line 3, column 19: "scaling_mean": ${word} is not JSON, although Python's json.dump writes it`),
      message,
    );
    assert.match(message, /\nFix: write the number that it should be, or leave "scaling_mean" out\.$/u);
  }
  assert.match(await refusal(directory, 'model_config.json', '[NaN]'), /line 1, column 2: NaN is not JSON/u);
});

test('other slips name their line where the parser knows it, and UTF-16 and a byte order mark are what they are', async (t) => {
  const directory = await temporaryDirectory(t);
  const comma = await refusal(directory, 'model_config.json', '{"a": 1,\n "b": 2,}\n\n"c"');
  assert.match(comma, /^is not JSON: line 2, column 9: Expected double-quoted property name in JSON\.\nFix: /u);
  assert.match(
    await refusal(directory, 'model_config.json', Buffer.from('{"a": 1}', 'utf16le')),
    /^is not UTF-8, but UTF-16\.\nFix: save it as UTF-8/u,
  );
  assert.match(
    await refusal(directory, 'model_config.json', Buffer.from('{"a": "\xfc"}', 'latin1')),
    /^is not UTF-8, from line 1, column 8 on/u,
  );
  await writeFile(join(directory, 'model_config.json'), '\uFEFF{"a": 1}');
  assert.deepEqual(await readModelConfig(directory), { a: 1 });
});
