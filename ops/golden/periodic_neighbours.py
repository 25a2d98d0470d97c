"""Writes the edges that physicsml finds in periodic cells, on made-up atoms.

    python ops/golden/periodic_neighbours.py test/fixtures/golden/d_periodic_neighbours.json

Made with physicsml 0.6.0, torch 2.4.0, Python 3.11.7, one thread. Seed 37. An edge is [i, j, a, b, c]: from atom i to atom j, with a, b and c
lattice vectors to add to r_j - r_i. Edges are sorted; the original's own order is that of its bins. Coordinates are float32 values.
"""

import json
import sys

import torch
from physicsml.lightning.graph_datasets.neighbourhood_list_torch import construct_edge_indices_and_attrs

torch.manual_seed(37)
torch.set_num_threads(1)

CUBE = [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]]
TRICLINIC = [[5.0, 0.0, 0.0], [1.5, 6.0, 0.0], [-0.7, 1.1, 4.5]]
LARGE = [[12.0, 0.0, 0.0], [0.0, 11.0, 0.0], [0.0, 0.0, 13.0]]
LEFT_HANDED = [[0.0, 5.0, 0.0], [6.0, 0.5, 0.0], [0.3, 0.0, 7.0]]

CASES = [
    # name, cell, atoms, cut_off, self_interaction, how far outside the cell atoms may lie (in cells)
    ("cut_off below half of the cell", LARGE, 12, 4.0, False, 0),
    ("cut_off above half of the cell", CUBE, 5, 3.1, False, 0),
    ("cut_off above the cell", CUBE, 3, 6.3, False, 0),
    ("skewed cell", TRICLINIC, 6, 4.2, False, 0),
    ("atoms outside the cell", TRICLINIC, 6, 3.7, False, 2),
    ("left-handed cell, self_interaction", LEFT_HANDED, 5, 3.9, True, 1),
    ("one atom", CUBE, 1, 5.0, False, 0),
]


def case(name, cell, atoms, cut_off, self_interaction, outside):
    lattice = torch.tensor(cell)
    fractions = torch.rand(atoms, 3) * (1 + 2 * outside) - outside
    positions = fractions @ lattice
    edges, _, shifts = construct_edge_indices_and_attrs(
        positions=positions,
        cutoff=cut_off,
        initial_edge_indices=None,
        initial_edge_attrs=None,
        pbc=(True, True, True),
        cell=lattice,
        self_interaction=self_interaction,
    )
    rows = torch.cat([edges.T.double(), shifts.double()], dim=1).long().tolist()
    return {
        "name": name,
        "cell": cell,
        "cut_off": cut_off,
        "self_interaction": self_interaction,
        "coordinates": positions.double().tolist(),
        "edges": sorted(rows),
    }


with open(sys.argv[1], "w") as file:
    json.dump([case(*each) for each in CASES], file, separators=(",", ":"))
    file.write("\n")
