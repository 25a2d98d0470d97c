import type { Molecule } from './molecule.ts';
import { type FindPackage, isInstalled } from './packages.ts';
import { type RdkitDocument, toMolecule } from './rdkit-json.ts';
import { moleculeError } from './row-error.ts';

/** RDKit, as far as molecules are read with it. A molecule that has no conformer has no coordinates (length 0). */
export interface Rdkit {
  /** Atoms as the SMILES write them, `[H]` included; with `addHydrogens` all others follow at the end. Errors: MOLECULE_INVALID. */
  readonly fromSmiles: (smiles: string, addHydrogens: boolean, column: string) => Molecule;
  /** A molecule as `mol.ToBinary()` in Python writes it: the first conformer, bit for bit. Errors: MOLECULE_INVALID. */
  readonly fromBinary: (bytes: Uint8Array, column: string) => Molecule;
}

/** The part of @rdkit/rdkit's interface that is used. */
interface Module {
  readonly get_mol: (input: string, details: string) => Mol | null;
  readonly get_mol_from_uint8array: (bytes: Uint8Array) => Mol | null;
  /** Null when the log is captured already. */
  readonly set_log_capture: (name: string) => { readonly get_buffer: () => string; readonly clear_buffer: () => void } | null;
}
interface Mol {
  readonly get_json: () => string;
  readonly add_hs_in_place: () => boolean;
  readonly delete: () => void;
}

let loaded: Promise<Rdkit> | undefined;

/** Loads @rdkit/rdkit once per process (WebAssembly, about 0.3 s); undefined when it is not installed. */
export async function loadRdkit(hasPackage: FindPackage = isInstalled): Promise<Rdkit | undefined> {
  if (!hasPackage('@rdkit/rdkit')) return undefined;
  loaded ??= start();
  return loaded;
}

async function start(): Promise<Rdkit> {
  const rdkit = (await import('@rdkit/rdkit')) as unknown as { default: () => Promise<Module> };
  const module_ = await rdkit.default();
  const log = module_.set_log_capture('rdApp.*');
  const read = (open: () => Mol | null, what: string, column: string, addHydrogens: boolean): Molecule => {
    log?.clear_buffer();
    const mol = attempt(open);
    if (mol === null) {
      const reason = log
        ?.get_buffer()
        .split('\n')[0]
        ?.replace(/^\[[\d:]+\]\s*/u, '');
      throw moleculeError(column, `${what} cannot be read${reason === undefined || reason === '' ? '' : ` (RDKit: ${reason})`}`);
    }
    try {
      if (addHydrogens) mol.add_hs_in_place();
      return toMolecule(JSON.parse(mol.get_json()) as RdkitDocument);
    } finally {
      mol.delete();
    }
  };
  return {
    fromSmiles: (smiles, addHydrogens, column) =>
      read(() => module_.get_mol(smiles, JSON.stringify({ removeHs: false })), `SMILES ${JSON.stringify(smiles)}`, column, addHydrogens),
    fromBinary: (bytes, column) => read(() => module_.get_mol_from_uint8array(bytes), `a molecule of ${bytes.length} bytes`, column, false),
  };
}

/** Malformed bytes make RDKit throw C++ exceptions, which arrive as numbers. */
function attempt(open: () => Mol | null): Mol | null {
  try {
    return open();
  } catch {
    return null;
  }
}
