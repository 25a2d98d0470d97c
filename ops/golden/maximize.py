"""Makes test/fixtures/golden/d_maximize.json with torch 2.4.0: eight float64 steps of each optimizer with maximize=True.

    python ops/golden/maximize.py   (any torch 2.4; a CPU is enough)

The loop is that of b_optimizers: the MLP of init.safetensors, eight batches of b_mlp/data.json, the loss before each step. Rates are small,
so that a loss that climbs stays finite. With maximize torch turns the gradient round before it adds an L2 weight decay.
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "golden"
DATA = json.loads((ROOT / "b_mlp" / "data.json").read_text())
STARTS = json.loads((ROOT / "b_optimizers" / "trajectories.json").read_text())["batch_rows_start"]
CASES = [
    ("SGD", {"lr": 0.01, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.005, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.005, "amsgrad": True}),
    ("AdamW", {"lr": 0.005, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.005, "amsgrad": True}),
    ("RMSprop", {"lr": 0.002, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.005, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 0.5, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.005, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.005, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.005, "weight_decay": 0.1}),
    ("ASGD", {"lr": 0.005, "weight_decay": 0.1}),
    ("Rprop", {"lr": 0.002}),
]


def read_weights(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            flat = np.frombuffer(data[8 + length + start : 8 + length + end], dtype="<f4")
            tensors[name] = torch.tensor(flat.reshape(entry["shape"]).astype(np.float64))
    return tensors


def trajectory(optimizer, config):
    """Losses before each of eight steps, and the weights after the last."""
    weights = {name: torch.nn.Parameter(tensor) for name, tensor in read_weights(ROOT / "b_optimizers" / "init.safetensors").items()}
    opt = getattr(torch.optim, optimizer)(weights.values(), **config, maximize=True)
    losses = []
    for start in STARTS:
        x = torch.tensor(DATA["x"][start : start + 8], dtype=torch.float64)
        y = torch.tensor(DATA["y"][start : start + 8], dtype=torch.float64)[:, None]
        for layer in (0, 2, 4):
            x = x @ weights[f"module.{layer}.weight"].T + weights[f"module.{layer}.bias"]
            x = torch.nn.functional.silu(x) if layer < 4 else x
        loss = torch.mean((x - y) ** 2)
        losses.append(loss.item())
        opt.zero_grad()
        loss.backward()
        opt.step()
    final = {name: weight.detach().flatten().tolist() for name, weight in weights.items()}
    return {"optimizer": {"name": optimizer, "config": config | {"maximize": True}}, "loss_f64": losses, "final_f64": final}


out = ROOT / "d_maximize.json"
out.write_text(json.dumps({"torch": torch.__version__, "trajectories": [trajectory(*case) for case in CASES]}) + "\n")
print(f"wrote {len(CASES)} trajectories")
