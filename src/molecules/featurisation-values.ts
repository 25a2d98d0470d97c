/** Notes one problem; returns undefined so that a caller can go on with a default. */
export type Wrong = (where: string, text: string) => undefined;

/** Atomic number -> class; null when it is not there. */
export function parseMapping(value: unknown, where: string, wrong: Wrong): ReadonlyMap<number, number> | null {
  if (value === undefined || value === null) return null;
  const record = asRecord(value);
  if (record === undefined) return wrong(where, `expected a mapping from atomic number to class, received ${show(value)}`) ?? null;
  const mapping = new Map<number, number>();
  for (const [key, atomClass] of Object.entries(record)) {
    if (!isAtomicNumber(key)) wrong(`${where}.${key}`, 'expected an atomic number from 0 to 118');
    else if (!Number.isInteger(atomClass) || (atomClass as number) < 0)
      wrong(`${where}.${key}`, `expected a class (0, 1, ...), received ${show(atomClass)}`);
    else mapping.set(Number(key), atomClass as number);
  }
  return mapping;
}

/** Atomic number -> energy, or energy by formal charge; every number of the mapping needs one. */
export function parseEnergies(value: unknown, mapping: ReadonlyMap<number, number> | null, where: string, wrong: Wrong) {
  if (value === undefined || value === null) return null;
  const record = asRecord(value);
  if (record === undefined) return wrong(where, `expected a mapping from atomic number to energy, received ${show(value)}`) ?? null;
  const energies = new Map<number, number | ReadonlyMap<number, number>>();
  for (const [key, energy] of Object.entries(record)) {
    const byCharge = asRecord(energy);
    if (!isAtomicNumber(key)) wrong(`${where}.${key}`, 'expected an atomic number from 0 to 118');
    else if (typeof energy === 'number' && Number.isFinite(energy)) energies.set(Number(key), energy);
    else if (
      byCharge !== undefined &&
      Object.entries(byCharge).every(([charge, each]) => /^-?\d+$/u.test(charge) && Number.isFinite(each))
    ) {
      energies.set(Number(key), new Map(Object.entries(byCharge).map(([charge, each]) => [Number(charge), each as number])));
    } else wrong(`${where}.${key}`, `expected an energy, or a mapping from formal charge to energy, received ${show(energy)}`);
  }
  if (mapping === null) wrong(where, 'needs atomic_number_mapping beside it');
  const absent = [...(mapping?.keys() ?? [])].filter((number) => !Object.hasOwn(record, String(number)));
  if (absent.length > 0) wrong(where, `has no energy for atomic number ${absent.join(', ')} of atomic_number_mapping`);
  return energies;
}

/** Names of features, sorted; null for none. */
export function parseFeatures(
  value: unknown,
  table: Readonly<Record<string, unknown>>,
  where: string,
  wrong: Wrong,
): readonly string[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) return wrong(where, `expected a list of names, received ${show(value)}`) ?? null;
  for (const [i, name] of value.entries()) {
    if (typeof name !== 'string' || !Object.hasOwn(table, name)) {
      wrong(`${where}[${i}]`, `expected one of ${Object.keys(table).join(', ')}, received ${show(name)}`);
    }
  }
  return value.length === 0 ? null : [...(value as string[])].sort();
}

/** molflux's template: {feature_name} and {source_column} are filled in; absent or null is `{source_column}::{feature_name}`. */
export function parseTemplate(as: unknown, column: string, where: string, wrong: Wrong): (feature: string) => string {
  const template = (Array.isArray(as) && as.length === 1 ? as[0] : as) ?? '{source_column}::{feature_name}';
  if (typeof template !== 'string' || !template.includes('{feature_name}')) {
    wrong(where, `expected a template with {feature_name}, received ${show(as)}`);
    return (feature) => feature;
  }
  return (feature) => template.replaceAll('{source_column}', column).replaceAll('{feature_name}', feature);
}

function isAtomicNumber(text: string): boolean {
  return /^\d{1,3}$/u.test(text) && Number(text) <= 118;
}

/** A value as a mapping, if it is one. */
export function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** A value in a message. */
export function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
}
