"""The loop of b_optimizers in float64: the MLP of init.safetensors, eight batches of b_mlp/data.json, the loss before each step."""
import json
import struct
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "golden"
DATA = json.loads((ROOT / "b_mlp" / "data.json").read_text())
STARTS = json.loads((ROOT / "b_optimizers" / "trajectories.json").read_text())["batch_rows_start"]


def read_weights(path):
    """The tensors of a safetensors file of float32, as float64."""
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


def initial_parameters():
    """Fresh parameters by name."""
    return {name: torch.nn.Parameter(tensor) for name, tensor in read_weights(ROOT / "b_optimizers" / "init.safetensors").items()}


def losses_of_steps(weights, opt, after_step=lambda: None):
    """Trains `weights` in place and returns the losses."""
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
        after_step()
    return losses
