"""Writes one step of each EGNN variant, computed by physicsml on made-up molecules: outputs, losses, gradients.

    python ops/golden/egnn_variants.py test/fixtures/golden/d_egnn

Made with physicsml 0.6.0, molflux 0.8.0, torch 2.4.0, safetensors 0.8.0, Python 3.11.7, one thread. Seed 31; weights are random, molecules
are random atoms on a jittered grid.
"""

import json
import sys
from pathlib import Path

import datasets
import molflux.modelzoo
import physicsml  # noqa: F401  registers the models
import torch
from physicsml.lightning.graph_datasets.graph_dataset import GraphDataset
from safetensors.torch import save_file
from torch_geometric.data import Batch

OUT = Path(sys.argv[1])
ELEMENTS = 3
ATOMS = [4, 6, 1, 5]
COLUMNS = {
    "atomNumbers": "physicsml_atom_numbers",
    "coordinates": "physicsml_coordinates",
    "nodeAttrs": "physicsml_atom_features",
    "graphAttrs": "charges",
    "totalAtomicEnergy": "physicsml_total_atomic_energy",
}
MSE = {"name": "MSELoss"}

BONDED = {"bonds": True, "num_edge_feats": 2}
ALL_HEADS = {
    "heads": {"y_node_scalars": 2, "y_edge_scalars": 1, "y_graph_scalars": 1},
    "y_node_scalars_loss_config": MSE,
    "y_edge_scalars_loss_config": MSE,
}
CASES = {
    "mean_var": {"name": "mean_var_egnn_model", "heads": {"y_graph_scalars": 2}, "scaling_mean": 0.5, "scaling_std": 0.02},
    "adapter_train": {"name": "adapter_egnn_model", "ratio_adapter_down": 2, "c_hidden": 4, "num_layers_phi": 3},
    "adapter_eval": {"name": "adapter_egnn_model", "ratio_adapter_down": 2, "c_hidden": 4, "mlp_activation": None, "eval": True},
    "ssf": {"name": "ssf_egnn_model", "num_layers_phi": 3, "mlp_output_activation": "Tanh"},
    "bonds": BONDED | {"num_rbf": 3, "node_attrs": 2, "num_node_feats": ELEMENTS + 2},
    "pool_edges_mean": BONDED | {"pool_from": "edges", "pool_type": "mean", "num_layers_pooling": 3},
    "pool_nodes_edges": BONDED | {"pool_from": "nodes_edges", "graph_attrs": 2, "num_graph_feats": 2, "energy": True},
    "heads": BONDED
    | {
        "heads": {"y_node_scalars": 2, "y_edge_scalars": 1, "y_graph_scalars": 2},
        "y_node_scalars_loss_config": {"name": "L1Loss", "weight": 0.5},
        "y_edge_scalars_loss_config": {"name": "HuberLoss", "config": {"delta": 0.3}},
        "modify_coords": True,
        "num_rbf": 2,
        "scaling_mean": 0.1,
        "scaling_std": 2.0,
    },
    "periodic": {"cell": [[6.0, 0.0, 0.0], [1.0, 5.5, 0.0], [0.0, 0.5, 7.0]], "cut_off": 3.2, "modify_coords": True, "num_rbf": 2},
    "self_interaction": {"self_interaction": True, "modify_coords": True, "mlp_activation": None, "output_activation": "Sigmoid"},
    "dropout_zero": {"dropout": 0.0, "num_layers_phi": 3, "mlp_activation": "ELU", "output_activation": "Softplus"},
    "per_atom_loss": {"y_graph_scalars_loss_config": {"name": "WeightedMSELoss", "weight": 2.0}},
    "multi_task": {
        "heads": {"y_graph_scalars": 2},
        "missing": True,
        "y_graph_scalars_loss_config": {
            "name": "MultiTaskLoss",
            "config": {"losses_configs": [{"name": "SmoothL1Loss", "config": {"beta": 0.5}}, {"name": "MSELoss", "weight": 3.0}]},
        },
    },
    "masked": {"heads": {"y_graph_scalars": 2}, "missing": True, "y_graph_scalars_loss_config": {"name": "MaskedMSELoss", "weight": 0.5}},
    "adapter_all": BONDED
    | {
        "name": "adapter_egnn_model",
        "ratio_adapter_down": 2,
        "c_hidden": 4,
        "initial_s": 0.3,
        "num_rbf": 3,
        "modify_coords": True,
        "pool_from": "nodes_edges",
        "pool_type": "mean",
        "num_layers": 2,
        "mlp_output_activation": "GELU",
        "output_activation": "Mish",
        "scaling_mean": 0.2,
        "scaling_std": 3.0,
    },
    "adapter_heads": BONDED | ALL_HEADS | {"name": "adapter_egnn_model", "ratio_adapter_down": 1},
    "adapter_dropout_eval": {
        "name": "adapter_egnn_model",
        "ratio_adapter_down": 2,
        "c_hidden": 4,
        "dropout": 0.3,
        "eval": True,
        "num_layers": 0,
    },
    "ssf_all": BONDED
    | {
        "name": "ssf_egnn_model",
        "num_rbf": 3,
        "modify_coords": True,
        "pool_from": "edges",
        "pool_type": "sum",
        "num_layers": 2,
        "graph_attrs": 2,
        "num_graph_feats": 2,
        "energy": True,
        "mlp_activation": "LeakyReLU",
        "node_attrs": 2,
        "num_node_feats": ELEMENTS + 2,
    },
    "ssf_heads_dropout_eval": BONDED | ALL_HEADS | {"name": "ssf_egnn_model", "dropout": 0.4, "eval": True},
    "mean_var_heads": BONDED
    | {
        "name": "mean_var_egnn_model",
        "heads": {"y_node_scalars": 2, "y_graph_scalars": 2},
        "y_node_scalars_loss_config": MSE,
        "num_rbf": 2,
        "pool_from": "edges",
        "energy": True,
        "output_activation": "Tanh",
    },
    "mean_var_shallow": {
        "name": "mean_var_egnn_model",
        "pool_type": "mean",
        "energy": True,
        "modify_coords": True,
        "num_layers": 0,
        "num_layers_phi": 1,
        "num_layers_pooling": 1,
        "scaling_mean": 0.5,
        "scaling_std": 2.0,
    },
    "shallow": {"num_layers_phi": 1, "num_layers_pooling": 1, "num_layers": 0, "mlp_activation": "Hardswish"},
    "dropout_eval": {"dropout": 0.5, "eval": True, "modify_coords": True, "num_layers": 2, "mlp_activation": "SELU"},
    "binary_cross_entropy": {"heads": {"y_graph_scalars": 2}, "y_graph_scalars_loss_config": {"name": "BCEWithLogitsLoss"}},
    "cross_entropy": {
        "heads": {"y_graph_scalars": 3},
        "y_graph_scalars_loss_config": {"name": "CrossEntropyLoss", "config": {"label_smoothing": 0.1}},
    },
}
OURS = ["name", "heads", "bonds", "node_attrs", "graph_attrs", "energy", "eval", "missing", "cell", "cut_off", "self_interaction"]


def numbers(*shape):
    return torch.randn(*shape).tolist()


def molecule(atoms, case):
    places = torch.stack(torch.meshgrid(*[torch.arange(3.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
    row = {
        "atomNumbers": torch.randint(0, ELEMENTS, (atoms,)).tolist(),
        "coordinates": (places[torch.randperm(27)[:atoms]] * 1.4 + 0.1 * torch.randn(atoms, 3)).tolist(),
    }
    if case.get("node_attrs"):
        row["nodeAttrs"] = numbers(atoms, case["node_attrs"])
    if case.get("bonds"):
        # Bonds have to be within the cut-off.
        distances = torch.cdist(torch.tensor(row["coordinates"]), torch.tensor(row["coordinates"]))
        pairs = [[i, j] for i in range(atoms) for j in range(i) if distances[i, j] < 2.5][:atoms]
        row["bonds"] = [{"pair": pair, "attrs": numbers(case["num_edge_feats"])} for pair in pairs]
    if case.get("graph_attrs"):
        row["graphAttrs"] = numbers(case["graph_attrs"])
    if case.get("energy"):
        row["totalAtomicEnergy"] = numbers(1)[0]
    return row


def to_columns(row, heads):
    columns = {COLUMNS[key]: value for key, value in row.items() if key in COLUMNS}
    columns["physicsml_atom_idxs"] = list(range(len(row["atomNumbers"])))
    if "bonds" in row:
        columns["physicsml_bond_idxs"] = [bond["pair"] for bond in row["bonds"]]
        columns["physicsml_bond_features"] = [bond["attrs"] for bond in row["bonds"]]
    for head, lines in row.get("targets", {}).items():
        for task in range(heads[head]):
            values = [line[task] for line in lines]
            columns[f"{head}_{task}"] = values[0] if head == "y_graph_scalars" else values
    return columns


def to_batch(model, rows, heads, with_targets):
    settings = model.model_config.datamodule
    data = datasets.Dataset.from_list([to_columns(row, heads) for row in rows])
    same = ["cut_off", "pbc", "cell", "self_interaction", "num_elements", "atomic_numbers_col", "coordinates_col", "node_attrs_col"]
    same += ["edge_attrs_col", "node_idxs_col", "edge_idxs_col", "graph_attrs_cols", "total_atomic_energy_col"]
    same += ["y_node_scalars", "y_edge_scalars", "y_graph_scalars", "y_node_vector", "y_edge_vector", "y_graph_vector"]
    dataset = GraphDataset(
        dataset=data,
        x_features=list(model.model_config.x_features),
        y_features=list(model.model_config.y_features),
        with_y_features=with_targets,
        **{key: getattr(settings, key) for key in same},
    )
    return [dataset.get(index) for index in range(len(rows))]


def add_targets(model, rows, case, heads):
    for row, datum in zip(rows, to_batch(model, rows, heads, False)):
        lines = {"y_graph_scalars": 1, "y_node_scalars": len(row["atomNumbers"]), "y_edge_scalars": datum.edge_index.shape[1]}
        row["targets"] = {head: numbers(lines[head], count) for head, count in heads.items()}
    if case.get("missing"):
        rows[0]["targets"]["y_graph_scalars"][0][1] = float("nan")
        rows[2]["targets"]["y_graph_scalars"][0][0] = float("nan")


def to_config(case, heads):
    x = ["physicsml_atom_idxs", "physicsml_atom_numbers", "physicsml_coordinates"]
    x += ["physicsml_bond_idxs", "physicsml_bond_features"] if case.get("bonds") else []
    x += ["physicsml_atom_features"] if case.get("node_attrs") else []
    x += ["charges"] if case.get("graph_attrs") else []
    x += ["physicsml_total_atomic_energy"] if case.get("energy") else []
    columns = {head: [f"{head}_{task}" for task in range(count)] for head, count in heads.items()}
    config = {"num_node_feats": ELEMENTS, "num_layers": 1, "c_hidden": 3}
    if case.get("name") != "mean_var_egnn_model":
        config["y_graph_scalars_loss_config"] = MSE
    config |= {key: value for key, value in case.items() if key not in OURS}
    datamodule = {"num_elements": ELEMENTS, "cut_off": case.get("cut_off", 3.0), "self_interaction": case.get("self_interaction", False)} | columns
    if case.get("cell"):
        datamodule |= {"cell": case["cell"], "pbc": [True, True, True]}
    if case.get("graph_attrs"):
        datamodule["graph_attrs_cols"] = ["charges"]
    return config | {"x_features": x, "y_features": [name for names in columns.values() for name in names], "datamodule": datamodule}


def randomise(module):
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand_like(tensor))
        elif not name.endswith(("bessel_cut_off", "z_0k")):
            tensor.copy_(0.4 * torch.randn_like(tensor))


def clean(value):
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    return None if value != value else value


def as_float32(value):
    return torch.tensor(value, dtype=torch.float32).tolist()


def write(name, case):
    torch.manual_seed(31)
    heads = case.get("heads", {"y_graph_scalars": 1})
    config = to_config(case, heads)
    model = molflux.modelzoo.load_from_dict({"name": case.get("name", "egnn_model"), "config": config})
    rows = [molecule(atoms, case) for atoms in ATOMS]
    for row in rows:
        row["coordinates"] = as_float32(row["coordinates"])
    add_targets(model, rows, case, heads)
    module = model._instantiate_module()
    randomise(module)
    module.eval() if case.get("eval") else module.train()
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous().clone() for key, value in module.state_dict().items()}, folder / "weights.safetensors")
    batch = module.graph_batch_to_batch_dict(Batch.from_data_list(to_batch(model, rows, heads, True)))
    outputs = module(batch)
    losses = module.compute_loss(outputs, batch)
    losses["loss"].sum().backward()
    gradients = {key: value.grad for key, value in module.named_parameters() if value.grad is not None}
    save_file(gradients, folder / "gradients.safetensors")
    case_file = {
        "model": {"name": case.get("name", "egnn_model"), "config": to_config(case, heads)},
        "mode": "eval" if case.get("eval") else "train",
        "paths": list(module.state_dict()),
        "molecules": rows,
        "outputs": {head: output.detach().tolist() for head, output in outputs.items()},
        "losses": {head: float(loss.detach().sum()) for head, loss in losses.items()},
        "buffers": {key: value.tolist() for key, value in module.named_buffers()},
    }
    if case.get("cell"):
        # Edges as physicsml finds them, and what crossing the boundary adds to r_j - r_i.
        shifts = batch["cell_shift_vector"] @ torch.tensor(case["cell"])
        case_file["edges"] = {"index": batch["edge_index"].tolist(), "shifts": shifts.tolist()}
    (folder / "case.json").write_text(json.dumps(clean(case_file), allow_nan=False) + "\n")


for each, settings in CASES.items():
    write(each, settings)
