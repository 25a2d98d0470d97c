"""Writes test/fixtures/golden/d_smiles.json: physicsml's featuriser on molecules that RDKit reads from SMILES.

physicsml 0.6.0, molflux 0.8.0, rdkit 2024.3.5, Python 3.11. Run from the project's root:  python ops/golden/smiles_features.py
Coordinates are made up: a formula of the atom's position. Atoms keep the order of the SMILES; hydrogens that SMILES leave out follow.
"""

import base64
import json
from pathlib import Path

from molflux.features import load_from_dict
from rdkit import Chem
from rdkit.Chem import AllChem

MAPPING = {1: 0, 6: 1, 7: 2, 8: 3, 9: 4, 17: 5}
ENERGIES = {
    1: -0.5,
    6: {-1: -37.9, 0: -38.0, 1: -37.7},
    7: {-1: -54.6, 0: -54.5, 1: -54.2},
    8: {-1: -75.1, 0: -75.0},
    9: -99.7,
    17: -460.0,
}
# physicsml 0.6.0 lists is_aromatic and is_chiral for atoms, is_chiral and is_rotatable for bonds; RDKit has no such methods and it fails.
CONFIG = {
    "atomic_number_mapping": MAPPING,
    "atomic_energies": ENERGIES,
    "atom_features": ["atomic_num", "formal_charge", "degree", "is_in_ring", "stereo"],
    "bond_features": ["order", "is_in_ring", "stereo"],
    "one_hot_encoded": False,
    "backend": "rdkit",
}
SMILES = [
    "C/C=C/C=O", "C/C=C\\C", "F/C(Cl)=C(/F)Cl", "C[C@H](F)O", "C[C@@H](F)Cl", "c1ccccc1O", "[NH3+]CC([O-])=O", "N#CC1CC1",
    "[H]OC", "O=C1C=CC(=O)N1", "C[N@+](CC)(CCC)CCO", "CC(F)Cl", "C1=CC=CN1", "O=[N+]([O-])C", "OC(F)=C",
]  # fmt: skip


# With geometries of RDKit (ETKDG, seed 7), because the parities of a mol block are those of its coordinates.
EMBEDDED = ["C[C@H](F)O", "C[C@@H](F)Cl", "N[C@@H](C)C(=O)O", "C[C@]1(O)CCO[C@@H]1F", "C[N@@+](CC)(CCC)CCO", "F[C@H]1CO1"]


def point(i: int) -> list[float]:
    return [round(0.7 * i, 3), round(0.31 * i * i % 5, 3), round((i * i * i) % 7 * 0.3, 3)]


def main() -> None:
    representation = load_from_dict({"name": "physicsml_features", "config": CONFIG})
    parameters = Chem.SmilesParserParams()
    parameters.removeHs = False
    molecules = []
    for smiles in SMILES:
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles, parameters))
        conformer = Chem.Conformer(mol.GetNumAtoms())
        coordinates = [point(i) for i in range(mol.GetNumAtoms())]
        for i, position in enumerate(coordinates):
            conformer.SetAtomPosition(i, position)
        mol.AddConformer(conformer)
        features = representation.featurise([mol.ToBinary()])
        molecules.append(
            {
                "smiles": smiles,
                "coordinates": coordinates,
                "binary": base64.b64encode(mol.ToBinary()).decode(),
                "v3000": Chem.MolToV3KMolBlock(mol),
                "features": {name: values[0] for name, values in features.items()},
            }
        )
    blocks = []
    for smiles in EMBEDDED:
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        assert AllChem.EmbedMolecule(mol, randomSeed=7) == 0
        features = representation.featurise([mol.ToBinary()])
        blocks.append(
            {
                "smiles": smiles,
                "v2000": Chem.MolToMolBlock(mol),
                "v3000": Chem.MolToV3KMolBlock(mol),
                "features": {name: values[0] for name, values in features.items()},
            }
        )
    text = json.dumps({"config": CONFIG, "molecules": molecules, "blocks": blocks}, separators=(",", ":"))
    Path("test/fixtures/golden/d_smiles.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
