import { Option } from 'commander';
import { wholeNumber } from './whole-number.ts';

/** `--batch-size` of the commands that pass a file through a saved model. */
export function batchSizeOption(): Option {
  const text = "rows per forward pass (default: the model's datamodule.predict, else 256 rows or 64 molecules)";
  return new Option('--batch-size <rows>', text).argParser((value) => wholeNumber('--batch-size', value));
}
