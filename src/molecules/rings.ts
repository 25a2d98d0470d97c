/** Which atoms and bonds lie in a ring: 1 or 0 per atom [n] and per bond [m]. */
export interface Rings {
  readonly atoms: Uint8Array;
  readonly bonds: Uint8Array;
}

/**
 * A bond is in a ring when removing it leaves its ends connected, that is, when it is no bridge; an atom is when one of its bonds is.
 * Bridges by depth-first search in O(n + m) (Tarjan, "A note on finding the bridges of a graph", 1974), without recursion.
 */
export function findRings(atomCount: number, bonds: readonly { readonly begin: number; readonly end: number }[]): Rings {
  const neighbours: { atom: number; bond: number }[][] = Array.from({ length: atomCount }, () => []);
  for (const [bond, { begin, end }] of bonds.entries()) {
    neighbours[begin]?.push({ atom: end, bond });
    neighbours[end]?.push({ atom: begin, bond });
  }
  const order = new Int32Array(atomCount).fill(-1); // when the search met the atom
  const lowest = new Int32Array(atomCount); // the earliest atom that its subtree reaches
  const inRing = new Uint8Array(bonds.length).fill(1);
  let met = 0;
  for (let root = 0; root < atomCount; root += 1) {
    if (order[root] !== -1) continue;
    const stack = [{ atom: root, bond: -1, next: 0 }];
    order[root] = lowest[root] = met++;
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as (typeof stack)[number];
      const step = neighbours[top.atom]?.[top.next++];
      if (step === undefined) {
        stack.pop();
        const parent = stack[stack.length - 1];
        if (parent === undefined) continue;
        lowest[parent.atom] = Math.min(lowest[parent.atom] as number, lowest[top.atom] as number);
        if ((lowest[top.atom] as number) > (order[parent.atom] as number)) inRing[top.bond] = 0;
      } else if (step.bond !== top.bond && order[step.atom] === -1) {
        order[step.atom] = lowest[step.atom] = met++;
        stack.push({ atom: step.atom, bond: step.bond, next: 0 });
      } else if (step.bond !== top.bond) lowest[top.atom] = Math.min(lowest[top.atom] as number, order[step.atom] as number);
    }
  }
  const atoms = new Uint8Array(atomCount);
  for (const [i, { begin, end }] of bonds.entries()) if (inRing[i] === 1) atoms[begin] = atoms[end] = 1;
  return { atoms, bonds: inRing };
}
