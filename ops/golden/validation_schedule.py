"""Writes after which training batches Lightning validates.

    python ops/golden/validation_schedule.py test/fixtures/golden

Made with lightning 2.4.0, torch 2.4.0, Python 3.11.7. `validations` counts batches from the start of training.
"""

import itertools
import json
import logging
import sys
import warnings
from pathlib import Path

import lightning.pytorch as pl
import torch

OUT = Path(sys.argv[1])
EPOCHS = 3
warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Counter(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)
        self.batches = 0
        self.validations = []

    def training_step(self, batch, _):
        self.batches += 1
        return self.linear(batch).sum()

    def validation_step(self, batch, _):
        self.validations.append(self.batches)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def loader(rows):
    return torch.utils.data.DataLoader(torch.zeros(rows, 1), batch_size=1)


def schedule(batches, every, interval):
    row = {"batches": batches, "epochs": EPOCHS, "check_val_every_n_epoch": every, "val_check_interval": interval}
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    model = Counter()
    try:
        trainer = pl.Trainer(
            max_epochs=EPOCHS,
            val_check_interval=interval,
            check_val_every_n_epoch=every,
            accelerator="cpu",
            num_sanity_val_steps=0,
            **quiet,
        )
        trainer.fit(model, loader(batches), loader(1))
    except ValueError:
        return {**row, "validations": None}
    return {**row, "validations": model.validations}


rows = [
    schedule(batches, every, interval)
    for batches, every, interval in itertools.product((5, 6), (1, 2, None), (None, 1, 2, 3, 4, 5, 7, 0.3, 0.5))
    if every is not None or isinstance(interval, int)
]
(OUT / "d_validation_schedule.json").write_text(json.dumps(rows) + "\n")
