"""Loads what `rootstock export` wrote in each format with the original packages, and predicts with it.

    node --import tsx ops/make-export-fixture.ts DIRECTORY
    OMP_NUM_THREADS=1 python ops/verify-export.py DIRECTORY test/fixtures/golden/export_verified.json

Needs physicsml==0.6.0, molflux==0.8.0, safetensors==0.8.0, torch==2.4.0, lightning==2.4.0, numpy==1.26.4 (Python 3.11).
"""

import hashlib
import json
import sys
from pathlib import Path

import datasets
import lightning
import molflux.core
import torch
from safetensors.torch import load_file


def digests(directory):
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def same(expected, received):
    """Names, element types, shapes and values, bit for bit."""
    return set(expected) == set(received) and all(
        expected[name].dtype == received[name].dtype and torch.equal(expected[name], received[name]) for name in expected
    )


def load_tensors(model, path):
    """Loads a file of tensors alone into a module that molflux has just made, every name and shape required; gives its digest."""
    tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    module = model._instantiate_module()
    module.load_state_dict(tensors, strict=True)
    assert same(model.state_dict, tensors) and same(model.state_dict, module.state_dict())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def predict(model, columns):
    names = list(columns)
    data = datasets.Dataset.from_dict({name: columns[name] for name in names if name in model.x_features})
    result = {key: list(values) for key, values in model.predict(data).items()}
    if hasattr(model, "predict_with_std"):
        mean, std = model.predict_with_std(data)
        result = {**{key: list(values) for key, values in mean.items()}, **{key: list(values) for key, values in std.items()}}
    return result


def main(directory, out):
    inputs = json.loads((directory / "inputs.json").read_text())
    verified = {}
    for path in sorted((directory / "exported").iterdir()):
        model = molflux.core.load_model(str(path))
        table = inputs["rows"] if "mlp" in path.name else inputs["molecules"]
        # The same tensors, as torch sees them: names, shapes, values.
        checkpoint = torch.load(path / "model_artefacts" / "module_checkpoint.ckpt", weights_only=True)["state_dict"]
        assert same(model.state_dict, checkpoint)
        alone = [directory / "tensors" / f"{path.name}{extension}" for extension in (".pt", ".safetensors")]
        verified[path.name] = {
            "files": digests(path) | {file.name: load_tensors(model, file) for file in alone},
            "tensors": len(checkpoint),
            "predictions": predict(model, table),
        }
    versions = {"torch": torch.__version__, "lightning": lightning.__version__, "molflux": "0.8.0", "physicsml": "0.6.0"}
    out.write_text(json.dumps({"made_by": "ops/verify-export.py", "versions": versions, "cases": verified}, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
