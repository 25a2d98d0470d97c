/** Symbols of the elements; the index is the atomic number. Index 0 is no element. */
const SYMBOLS = [
  '',
  ...'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr'.split(' '),
  ...'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu'.split(' '),
  ...'Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr'.split(' '),
  ...'Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og'.split(' '),
];

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...SYMBOLS.map((symbol, number) => [symbol, number] as const).slice(1),
  ['D', 1], // deuterium and tritium are hydrogen
  ['T', 1],
]);

/** Atomic number of a symbol as mol blocks write it, or undefined for what is not an element (*, R#, A, Q, L). */
export function atomicNumberOf(symbol: string): number | undefined {
  return NUMBERS.get(symbol);
}
