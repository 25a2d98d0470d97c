/** Why a pickle is not read: it is damaged, or it asks for what is not on the allow-list. Never leaves this folder. */
export class PickleFault extends Error {
  readonly kind: 'invalid' | 'unsupported';
  /** The byte of the pickle where it stands. */
  readonly at: number;

  constructor(kind: 'invalid' | 'unsupported', at: number, text: string) {
    super(text);
    this.kind = kind;
    this.at = at;
  }
}
