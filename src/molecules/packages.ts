import { createRequire } from 'node:module';
import { RootstockError } from '../errors.ts';

/** Optional packages and what they do here. */
const PURPOSE = {
  '@rdkit/rdkit': 'reading SMILES with coordinates, or RDKit molecules,',
  openchemlib: 'making conformers of SMILES without coordinates',
} as const;

/** Name of an optional package. */
export type OptionalPackage = keyof typeof PURPOSE;

/** Says whether an optional package can be imported. */
export type FindPackage = (name: OptionalPackage) => boolean;

/** Whether an optional package can be imported from here; `resolve` throws when it finds nothing, as Node's does. */
export function isInstalled(name: OptionalPackage, resolve: (name: string) => string = createRequire(import.meta.url).resolve): boolean {
  try {
    resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** PACKAGE_MISSING, on one line as all errors of rows are. */
export function packageMissing(name: OptionalPackage, column: string): RootstockError {
  const text = `${column}: ${PURPOSE[name]} needs ${name}, which is not installed. Fix: npm install ${name}`;
  return new RootstockError('PACKAGE_MISSING', text, { column, package: name });
}
