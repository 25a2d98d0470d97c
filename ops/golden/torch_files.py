"""Writes the torch files that test/artifacts/torch reads, and beside each good one its tensors as safetensors.

    python ops/golden/torch_files.py test/fixtures/torch

Made with torch 2.4.0, lightning 2.4.0, safetensors 0.8.0, Python 3.11.7. Values come from torch.arange: no seed, no data.
"""

import os
import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(sys.argv[1])


def numbers(*shape, dtype=torch.float32):
    count = int(torch.tensor(shape).prod()) if shape else 1
    return (torch.arange(count) * 0.37 - 1.5).reshape(shape).to(dtype)


def keep(name, tensors, **options):
    torch.save(tensors, OUT / name, **options)
    twin(name, tensors)


def twin(name, tensors):
    """The tensors as they are read: floats float32, everything else int64."""
    values = {
        key: tensor.detach().to(torch.float32 if tensor.is_floating_point() else torch.int64).contiguous().clone()
        for key, tensor in tensors.items()
    }
    save_file(values, OUT / (Path(name).stem + ".safetensors"))


def dtypes():
    floats = {str(d)[6:]: numbers(2, 3, dtype=d) for d in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    whole = {str(d)[6:]: torch.tensor([[0, 1, 2], [3, 120, 7]], dtype=d) for d in (torch.int64, torch.int32, torch.uint8)}
    return {
        **floats,
        **whole,
        "negative": torch.tensor([-1, -(2**31), 2**31 - 1]),
        "bool": torch.tensor([True, False, True]),
        "zero_d": torch.tensor(2.5),
        "zero_d_int": torch.tensor(7),
        "empty": torch.zeros(0, 3),
    }


def views():
    base = numbers(6, 4)
    return {
        "whole": base,
        "tied": base,
        "transposed": base.T,
        "rows": base[2:4],
        "every_second": base[::2, 1::2],
        "column": base[:, 3],
        "expanded": numbers(3, 1).expand(3, 5),
        "permuted": numbers(2, 3, 4).permute(2, 0, 1),
        "half_view": numbers(4, 4, dtype=torch.float16).T,
    }


class Settings:
    """Stands for a class of the user's own program in hyper_parameters."""

    def __init__(self):
        self.width = 3


def lightning_checkpoint(path):
    import lightning.pytorch as pl

    class Module(pl.LightningModule):
        def __init__(self, settings, namespace):
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1))
            for i, parameter in enumerate(self.net.parameters()):
                parameter.data = numbers(*parameter.shape) + i

        def training_step(self, batch, _):
            loss = self.net(batch[0]).pow(2).mean()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters())
            return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)]

    module = Module(Settings(), Namespace(depth=2))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(numbers(8, 2)), batch_size=4)
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir="/tmp/lightning-fixture",
        callbacks=[pl.callbacks.EarlyStopping("loss"), pl.callbacks.ModelCheckpoint(monitor="loss")],
    )
    trainer.fit(module, loader)
    trainer.save_checkpoint(path)
    checkpoint = torch.load(path, weights_only=False)
    checkpoint["callbacks"] = {  # without this machine's folders
        name: {key: value for key, value in state.items() if not isinstance(value, (str, dict))}
        for name, state in checkpoint["callbacks"].items()
    }
    torch.save(checkpoint, path)
    twin("lightning.ckpt", checkpoint["state_dict"])


class Runs:
    """Asks for a function while it is unpickled. Loading it in Python prints a line."""

    def __init__(self, call, *args):
        self.call = (call, args)

    def __reduce__(self):
        return self.call


def refused():
    weights = {"w": numbers(2, 2)}
    torch.save({"state_dict": weights, "hyper_parameters": {"x": Runs(os.system, "echo hello")}}, OUT / "refused_system.pt")
    torch.save({**weights, "x": Runs(eval, "print('hello')")}, OUT / "refused_eval.pt")
    torch.save({**weights, "x": Settings()}, OUT / "refused_class_in_state_dict.pt")
    torch.save({"state_dict": weights, "notes": Settings()}, OUT / "refused_class_beside.pt")
    torch.save(torch.nn.ReLU(), OUT / "refused_module.pt")
    torch.save({"model": weights, "epoch": 3}, OUT / "refused_training_script.pt")
    torch.save(weights, OUT / "refused_legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"w": torch.eye(3).to_sparse()}, OUT / "refused_sparse.pt")
    torch.save({"w": numbers(2, 2).to(torch.complex64)}, OUT / "refused_complex.pt")
    torch.save({"w": torch.tensor([1, 2], dtype=torch.int16)}, OUT / "refused_int16.pt")
    torch.save({"w": torch.tensor([2**40])}, OUT / "refused_int64.pt")
    torch.save({"w": torch.zeros(1).expand(2**28)}, OUT / "refused_expanded.pt")
    torch.manual_seed(0)
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(OUT / "refused_torchscript.pt"))
    torch.save(weights, OUT / "w.pt")
    with zipfile.ZipFile(OUT / "w.pt") as plain, zipfile.ZipFile(OUT / "refused_compressed.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(zipfile.ZipInfo(name), plain.read(name), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(OUT / "w.pt") as plain, zipfile.ZipFile(OUT / "refused_big_endian.pt", "w") as turned:
        for name in plain.namelist():
            turned.writestr(zipfile.ZipInfo(name), b"big" if name.endswith("byteorder") else plain.read(name))
    (OUT / "w.pt").unlink()


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    keep("dtypes.pt", dtypes())
    keep("views.pt", views())
    keep("parameters.pt", {"weight": torch.nn.Parameter(numbers(2, 3)), "bias": torch.nn.Parameter(numbers(2), requires_grad=False)})
    keep("protocol4.pt", {"a.weight": numbers(2, 3), "b": torch.tensor(3)}, pickle_protocol=4)
    keep("protocol5.pt", {"a.weight": numbers(2, 3), "b": torch.tensor(3)}, pickle_protocol=5)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    for parameter in module.parameters():
        parameter.data = numbers(*parameter.shape)
    keep("module.pt", module.state_dict())
    lightning_checkpoint(OUT / "lightning.ckpt")
    refused()
