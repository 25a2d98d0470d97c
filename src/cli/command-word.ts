/** Options before the command that have a value as the next word. */
const VALUED = ['--state', '--register'];

/** The word of a command line that names its command, by a look at it: wrong at most for a line that is refused, or in what is loaded for nothing. */
export function commandWord(words: readonly string[]): string | undefined {
  return words.find((word, index) => !word.startsWith('-') && !VALUED.includes(words[index - 1] ?? ''));
}
