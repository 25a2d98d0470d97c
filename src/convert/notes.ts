/** What a person has to know of a converted configuration. */
export interface Note {
  readonly kind: NoteKind;
  /** Dotted key in the run file. */
  readonly where: string;
  /** What, and why. One sentence or two. */
  readonly text: string;
}

/**
 * changed: written in another way, the meaning stays. dropped: left out, because it has no meaning here. differs: the same words give other
 * numbers here, on purpose. to do: the run file cannot run before a person decides.
 */
export type NoteKind = 'changed' | 'dropped' | 'differs' | 'to do';

/** The order in which kinds are told, and their headlines. */
export const NOTE_HEADLINES: Readonly<Record<NoteKind, string>> = {
  'to do': 'Left for you',
  changed: 'Written in another way',
  dropped: 'Left out',
  differs: 'Same words, other numbers (on purpose)',
};

/** Notes as lines for people, grouped by kind. Empty without notes. */
export function noteLines(notes: readonly Note[]): readonly string[] {
  return (Object.keys(NOTE_HEADLINES) as NoteKind[]).flatMap((kind) => {
    const group = notes.filter((note) => note.kind === kind);
    return group.length === 0 ? [] : [`${NOTE_HEADLINES[kind]}:`, ...group.map(({ where, text }) => `  ${where}: ${text}`)];
  });
}
