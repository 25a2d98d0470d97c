/** A reference to bytes in the artifact store. */
export interface Ref {
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly digest: string;
  /** Length in bytes. */
  readonly byteLength: number;
}
