import { readDocument } from '../config/read-document.ts';
import { decodeUtf8 } from '../contracts/decode-utf8.ts';
import { RootstockError } from '../errors.ts';
import { isObject } from './json-object.ts';
import { isRunFile } from './model-config.ts';
import { type PythonLiteral, parsePythonLiteral } from './python-literal.ts';

/**
 * Reads the bytes of a file as one Python literal or JSON. CONFIG_SYNTAX as of `parsePythonLiteral`, and for UTF-16, letters that are not
 * UTF-8 and YAML, which are called by their names.
 */
export function readModelConfig(bytes: Buffer, source: string): PythonLiteral {
  const text = decode(bytes, source);
  try {
    return parsePythonLiteral(text, source);
  } catch (error) {
    throw yamlError(text, source) ?? error;
  }
}

function decode(bytes: Buffer, source: string): string {
  const text = decodeUtf8(bytes);
  if (typeof text === 'string') return text;
  const problem =
    text.kind === 'utf-16'
      ? `${source}: the text is UTF-16, as Windows PowerShell writes it; expected UTF-8`
      : `${source}:${text.line}:${text.column}: a letter that is not UTF-8, as files in Latin-1 or Windows-1252 have it`;
  throw new RootstockError('CONFIG_SYNTAX', `${problem}.\nFix: save the file as UTF-8.`, { source });
}

/** A text that begins with a bracket: a literal with a slip in it, although YAML would read it, too. */
const BRACKET_FIRST = /^(?:\s|#[^\n]*\n)*[{[(]/u;

/** The error for a text that is YAML: by its keys, as half of Python reads as YAML, or by its file's name; null for every other. */
function yamlError(text: string, source: string): RootstockError | null {
  if (BRACKET_FIRST.test(text)) return null;
  const { value, issues } = readDocument(text, source);
  const mapping = issues.length === 0 && isObject(value) ? value : {};
  if (isRunFile(mapping)) {
    const message = `${source}: this is a run file already (YAML with "model"), and there is nothing to convert.\nFix: "rootstock plan" with this file shows what it does.`;
    return new RootstockError('CONFIG_SYNTAX', message, { source });
  }
  const isModelConfig = isObject(mapping['config']) || ['x_features', 'datamodule'].some((key) => Object.hasOwn(mapping, key));
  if (!isModelConfig && !/\.ya?ml$/iu.test(source)) return null;
  const fix = `print it as JSON: python -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))' < ${source === 'standard input' ? 'model_config.yaml' : source}`;
  return new RootstockError('CONFIG_SYNTAX', `${source}: this is YAML; convert reads one Python dictionary, or JSON.\nFix: ${fix}`, {
    source,
  });
}
