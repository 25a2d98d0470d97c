import { composeMessage, type Problem, RootstockError } from '../../errors.ts';

/** What to do with a file that is not read here. torch's own documentation recommends both ways. */
const SAVE_AGAIN =
  'save the tensors alone in Python: torch.save(model.state_dict(), path), or safetensors.torch.save_file(model.state_dict(), path).';

/** Builds the error of a torch file that is not what it says. */
export function invalidTorch(where: string, problems: readonly Problem[]): RootstockError {
  return new RootstockError(
    'CHECKPOINT_INVALID',
    composeMessage(`${where} is not a valid torch file.`, problems, 'fetch or write the file again.'),
    { file: where },
  );
}

/** Builds the error of a torch file that holds what is never read. */
export function unsupportedTorch(where: string, problems: readonly Problem[], fix = SAVE_AGAIN): RootstockError {
  return new RootstockError(
    'CHECKPOINT_UNSUPPORTED',
    composeMessage(`${where} is a torch file of a kind that is not read.`, problems, fix),
    {
      file: where,
    },
  );
}

/** Makes a text from a hostile file fit to print: short, on one line, without control characters. */
export function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text)
    .slice(1, -1)
    .replaceAll(/[\u007f-\u009f\u2028\u2029]/g, '?');
}
