"""Writes what the torch module that examples/own-model/land-cover.mjs documents computes.

    python ops/golden/own_model.py test/fixtures/golden

Made with torch 2.4.0, Python 3.11.7, in float64. Seed 43. Maps have 5 cells on each side, so that windows of 2 leave cells over.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

OUT = Path(sys.argv[1])
torch.manual_seed(43)


class ChannelsFirst(nn.Module):
    def forward(self, x):
        return x.permute(0, 3, 1, 2)


class LandCover(nn.Module):
    def __init__(self, *, kinds, side, window, embedding_dim, hidden_dim, outputs):
        super().__init__()
        self.side = side
        self.encoder = nn.Sequential(
            nn.Embedding(kinds, embedding_dim), nn.LayerNorm(embedding_dim), ChannelsFirst(), nn.AvgPool2d(window), nn.Flatten()
        )
        self.head = nn.Sequential(
            nn.Linear(embedding_dim * (side // window) ** 2, hidden_dim), nn.ReLU(), nn.Dropout(0.0), nn.Linear(hidden_dim, outputs)
        )

    def forward(self, x):
        return self.head(self.encoder(x.long().view(-1, self.side, self.side)))


config = {"kinds": 4, "side": 5, "window": 2, "embedding_dim": 3, "hidden_dim": 6}
model = LandCover(**config, outputs=2).double()
for parameter in model.parameters():
    nn.init.normal_(parameter)
maps = torch.randint(0, config["kinds"], (4, config["side"] ** 2)).double()
targets = torch.randn(4, 2, dtype=torch.float64)
outputs = model(maps)
loss = nn.functional.mse_loss(outputs, targets)
loss.backward()
document = {
    "config": config,
    "maps": maps.tolist(),
    "targets": targets.tolist(),
    "outputs": outputs.tolist(),
    "loss": loss.item(),
    "parameters": {name: value.tolist() for name, value in model.named_parameters()},
    "gradients": {name: value.grad.tolist() for name, value in model.named_parameters()},
}
(OUT / "d_own_model.json").write_text(json.dumps(document) + "\n")
