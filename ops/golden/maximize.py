"""Makes test/fixtures/golden/d_maximize.json with torch 2.4.0: eight float64 steps of each optimizer with maximize=True.

    python ops/golden/maximize.py   (any torch 2.4; a CPU is enough)

The loop is that of b_optimizers: the MLP of init.safetensors, eight batches of b_mlp/data.json, the loss before each step. Rates are small,
so that a loss that climbs stays finite. With maximize torch turns the gradient round before it adds an L2 weight decay.
"""
import json

import torch

from optimizer_steps import ROOT, initial_parameters, losses_of_steps

torch.set_num_threads(1)
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


def trajectory(optimizer, config):
    """Losses before each of eight steps, and the weights after the last."""
    weights = initial_parameters()
    losses = losses_of_steps(weights, getattr(torch.optim, optimizer)(weights.values(), **config, maximize=True))
    final = {name: weight.detach().flatten().tolist() for name, weight in weights.items()}
    return {"optimizer": {"name": optimizer, "config": config | {"maximize": True}}, "loss_f64": losses, "final_f64": final}


out = ROOT / "d_maximize.json"
out.write_text(json.dumps({"torch": torch.__version__, "trajectories": [trajectory(*case) for case in CASES]}) + "\n")
print(f"wrote {len(CASES)} trajectories")
