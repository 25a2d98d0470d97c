"""Writes values and gradients of torch modules, and averages of weights by torch's AveragedModel.

    python ops/golden/nn_blocks.py test/fixtures/golden

Made with torch 2.4.0, Python 3.11.7. Modules are computed in float64, averages in float32. Seed 41.
"""

import json
import sys
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

OUT = Path(sys.argv[1])
torch.manual_seed(41)


def case(module, x, floats=True):
    """y = module(x); the loss is sum(y * upstream)."""
    module = module.double()
    x = x.double().requires_grad_() if floats else x
    y = module(x)
    upstream = torch.randn(y.shape, dtype=torch.float64)
    (y * upstream).sum().backward()
    return {
        "x": x.detach().tolist(),
        "parameters": {name: value.detach().tolist() for name, value in module.named_parameters()},
        "y": y.detach().tolist(),
        "upstream": upstream.tolist(),
        "x_gradient": x.grad.tolist() if floats else None,
        "gradients": {name: value.grad.tolist() for name, value in module.named_parameters()},
    }


def layer_norm(shape):
    module = torch.nn.LayerNorm(shape[-1])
    with torch.no_grad():
        module.weight.normal_(1, 0.5)
        module.bias.normal_()
    return case(module, torch.randn(shape) * 3 + 1)


def averages(use_buffers):
    """A BatchNorm with weight, bias and statistics set by hand after each of six steps; averaged after steps 2 and 4 (from 0)."""
    module = torch.nn.BatchNorm1d(3)
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.75), use_buffers=use_buffers)
    steps = []
    for step in range(6):
        with torch.no_grad():
            for name, value in module.state_dict().items():
                if name != "num_batches_tracked":
                    value.copy_(torch.randn(3))
        steps.append({n: v.tolist() for n, v in module.state_dict().items() if n != "num_batches_tracked"})
        if step >= 1 and step % 2 == 0:
            average.update_parameters(module)
    state = average.module.state_dict()
    return {"steps": steps, "average": {name: state[name].tolist() for name in steps[0]}}


content = {
    "layer_norm": [layer_norm((4, 5)), layer_norm((2, 3, 7))],
    "embedding": [case(torch.nn.Embedding(6, 3), torch.tensor([[0, 5, 2], [2, 2, 4]]), floats=False)],
    "avg_pool": [
        {**case(torch.nn.AvgPool2d(2), torch.randn(2, 3, 4, 6)), "kernel_size": 2},
        {**case(torch.nn.AvgPool2d(3), torch.randn(1, 2, 7, 8)), "kernel_size": 3},
    ],
    "averages": {"with_buffers": averages(True), "without_buffers": averages(False)},
}
(OUT / "d_nn_blocks.json").write_text(json.dumps(content, allow_nan=False) + "\n")
