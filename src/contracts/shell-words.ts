/** Writes words as a POSIX shell reads them back: one of other than harmless signs stands in single quotes (POSIX.1-2017, Shell Command Language 2.2). */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
