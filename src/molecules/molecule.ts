/** One molecule, as every input format is read into it. */
export interface Molecule {
  /** [n] In the order of the input. */
  readonly atoms: readonly Atom[];
  /** [m] In the order of the input; begin and end as written there. */
  readonly bonds: readonly Bond[];
  /** [n * 3] Angstrom, row-major. */
  readonly coordinates: ArrayLike<number>;
}

/** One atom, hydrogens included. */
export interface Atom {
  /** Atomic number; 0 is a dummy atom. */
  readonly number: number;
  /** In elementary charges. */
  readonly formalCharge: number;
  /** Tetrahedral: looking from the first bond, the others go clockwise (cw) or anticlockwise (ccw). RDKit's CHI_TETRAHEDRAL_*. */
  readonly stereo: 'none' | 'cw' | 'ccw';
  readonly isAromatic: boolean;
}

/** RDKit's bond types that physicsml knows; anything else is refused where it is asked for. */
export type BondOrder = 'single' | 'double' | 'triple' | 'aromatic' | 'other';

/** RDKit's stereo of double bonds; `any` is one that is known to be unknown. */
export type BondStereo = 'none' | 'any' | 'z' | 'e' | 'cis' | 'trans';

/** One bond between atoms `begin` and `end`, 0-based. */
export interface Bond {
  readonly begin: number;
  readonly end: number;
  readonly order: BondOrder;
  readonly stereo: BondStereo;
}
