"""Writes values and gradients of torch's activations and of physicsml's losses.

    python ops/golden/torch_functions.py test/fixtures/golden

Made with physicsml 0.6.0, torch 2.4.0, Python 3.11.7. Inputs are float32 numbers, computed with in float64. Seed 37.
"""

import json
import sys
from pathlib import Path

import torch
from physicsml.lightning.losses.construct_loss import construct_loss

OUT = Path(sys.argv[1])
ACTIVATIONS = "ELU Hardshrink Hardsigmoid Hardtanh Hardswish LeakyReLU LogSigmoid ReLU ReLU6 SELU CELU GELU Sigmoid SiLU Mish Softplus"
ACTIVATIONS += " Softshrink Softsign Tanh Tanhshrink Identity"
# No point is where an activation has a kink.
POINTS = [-30.0, -8.0, -4.0, -2.75, -1.5, -0.75, -0.375, -0.125, 0.125, 0.375, 0.75, 1.5, 2.75, 4.0, 7.5, 30.0]


def write(name, content):
    (OUT / name).write_text(json.dumps(content, allow_nan=False) + "\n")


def activation(name):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    y = getattr(torch.nn, name)()(x)
    y.sum().backward()
    return {"values": y.tolist(), "gradients": x.grad.tolist()}


def numbers(kind, *shape):
    x = torch.randn(*shape)
    if kind == "probability":
        x = torch.sigmoid(x)
    elif kind == "class_probability":
        x = torch.softmax(x, -1)
    elif kind == "log_probability":
        x = torch.log_softmax(x, -1)
    elif kind == "sign":
        x = torch.sign(x)
    elif kind == "zero_one":
        x = (x > 0).float()
    elif kind == "count":
        x = torch.floor(3 * x.abs())
    elif kind == "positive":
        x = 0.1 + x.abs()
    return x


# Loss configuration, kind of prediction, kind of target, and what else matters.
LOSSES = [
    ({"name": "MSELoss"}, "any", "any", {}),
    ({"name": "MSELoss", "weight": 2.5, "config": {"reduction": "sum"}}, "any", "any", {}),
    ({"name": "L1Loss"}, "any", "any", {}),
    ({"name": "HuberLoss", "config": {"delta": 0.6}}, "any", "any", {}),
    ({"name": "SmoothL1Loss", "config": {"beta": 0.4}}, "any", "any", {}),
    ({"name": "SmoothL1Loss", "config": {"beta": 0.0}}, "any", "any", {}),
    ({"name": "BCELoss"}, "probability", "zero_one", {}),
    ({"name": "BCELoss", "config": {"weight": [0.5, 2.0, 1.5]}}, "probability", "probability", {"tensors": ["weight"]}),
    ({"name": "BCEWithLogitsLoss"}, "any", "zero_one", {}),
    (
        {"name": "SerialBCEWithLogitsLoss", "config": {"pos_weight": [3.0, 1.0, 0.5], "weight": [0.5, 2.0, 1.5]}},
        "any",
        "probability",
        {"torch": "BCEWithLogitsLoss", "tensors": ["pos_weight", "weight"]},
    ),
    ({"name": "CrossEntropyLoss"}, "any", "class_probability", {}),
    (
        {"name": "CrossEntropyLoss", "config": {"label_smoothing": 0.2, "weight": [0.5, 2.0, 1.5]}},
        "any",
        "class_probability",
        {"tensors": ["weight"]},
    ),
    ({"name": "CrossEntropyLoss", "config": {"reduction": "sum"}}, "any", "class_probability", {}),
    ({"name": "PoissonNLLLoss"}, "any", "count", {}),
    ({"name": "PoissonNLLLoss", "config": {"log_input": False, "full": True, "eps": 1e-6}}, "positive", "count", {}),
    ({"name": "KLDivLoss"}, "log_probability", "class_probability", {}),
    ({"name": "KLDivLoss", "config": {"reduction": "batchmean"}}, "log_probability", "zero_one", {}),
    ({"name": "KLDivLoss", "config": {"log_target": True, "reduction": "sum"}}, "log_probability", "log_probability", {}),
    ({"name": "SoftMarginLoss"}, "any", "sign", {}),
    ({"name": "WeightedMSELoss", "weight": 0.5}, "any", "any", {"columns": 1}),
    ({"name": "MaskedMSELoss", "weight": 2.0}, "any", "any", {"missing": True}),
    (
        {
            "name": "MultiTaskLoss",
            "weight": 7.0,
            "config": {
                "losses_configs": [
                    {"name": "MSELoss", "weight": 0.5},
                    {"name": "BCEWithLogitsLoss"},
                    {"name": "L1Loss", "config": {"reduction": "sum"}},
                ]
            },
        },
        "any",
        "probability",
        {"missing": True},
    ),
]
LINES = 5
ATOMS = [3, 1, 7, 2, 4]


def loss(config, prediction_kind, target_kind, more):
    columns = more.get("columns", 3)
    prediction = numbers(prediction_kind, LINES, columns)
    target = numbers(target_kind, LINES, columns)
    if more.get("missing"):
        target[0, 0] = target[1, 2] = target[2, 2] = target[4, 1] = float("nan")
    p = prediction.double().requires_grad_()
    ptr = torch.tensor([0, *ATOMS]).cumsum(0)
    if more.get("tensors"):
        options = {key: torch.tensor(value, dtype=torch.float64) if key in more["tensors"] else value for key, value in config["config"].items()}
        value = getattr(torch.nn, more.get("torch", config["name"]))(**options)(p, target.double())
    else:
        value = construct_loss(config, "y")({"y": p}, {"y": target.double(), "ptr": ptr})
    value.backward()
    rows = [[None if number != number else number for number in row] for row in target.tolist()]
    return {"config": config, "prediction": prediction.tolist(), "target": rows, "value": value.item(), "gradient": p.grad.tolist()}


def gaussian(config):
    prediction, target, variance = numbers("any", LINES, 3), numbers("any", LINES, 3), 0.02 * torch.rand(LINES, 3)
    p, v = prediction.double().requires_grad_(), variance.double().requires_grad_()
    value = torch.nn.GaussianNLLLoss(**config)(p, target.double(), v)
    value.backward()
    return {
        "config": config,
        "prediction": prediction.tolist(),
        "target": target.tolist(),
        "variance": variance.tolist(),
        "value": value.item(),
        "gradient": p.grad.tolist(),
        "varianceGradient": v.grad.tolist(),
    }


torch.manual_seed(37)
write("d_activations.json", {"points": POINTS, "activations": {name: activation(name) for name in ACTIVATIONS.split()}})
write(
    "d_losses.json",
    {"atoms": ATOMS, "losses": [loss(*case) for case in LOSSES], "gaussian": [gaussian({"eps": 0.01}), gaussian({"full": True, "reduction": "sum"})]},
)
