"""The other side of B4: physicsml's transfer-learning tutorial on featurised molecules, from the start of the interpreter to the saved model.

    python tutorial.py TRAIN.parquet PREDICT.parquet OUTPUT_DIRECTORY

Prints one line of JSON: seconds of the import, the moments of every training step of each phase, and of a prediction.
"""

import json
import logging
import os
import sys
import time

STARTED = time.perf_counter()
import datasets  # noqa: E402
import torch  # noqa: E402
from molflux.core import save_model  # noqa: E402
from molflux.modelzoo import load_from_dict  # noqa: E402
from physicsml.lightning.module import PhysicsMLModuleBase  # noqa: E402

IMPORTED = time.perf_counter()
logging.disable(logging.CRITICAL)
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
FEATURES = ["physicsml_atom_idxs", "physicsml_atom_numbers", "physicsml_coordinates"]


def configuration(target, features, **more):
    return {
        "name": "egnn_model",
        "config": {
            "x_features": features,
            "y_features": [target],
            "num_node_feats": 5,
            "num_layers": 2,
            "c_hidden": 12,
            "y_graph_scalars_loss_config": {"name": "MSELoss"},
            "optimizer": {"name": "AdamW", "config": {"lr": 1e-3}},
            "datamodule": {
                "y_graph_scalars": [target],
                "num_elements": 5,
                "cut_off": 5.0,
                "pre_batch": "in_memory",
                "train": {"batch_size": 64},
                "validation": {"batch_size": 128},
            },
            "trainer": {"max_epochs": 10, "accelerator": "cpu", "logger": False, "enable_progress_bar": False},
            **more,
        },
    }


def main():
    train_path, predict_path, output = sys.argv[1:]
    os.chdir(output)
    train = datasets.Dataset.from_parquet(train_path, keep_in_memory=True, cache_dir=output)
    phases = []
    watch(phases)
    model = load_from_dict(configuration("lumo", FEATURES))
    model.train(train_data=train)
    save_model(model, "pre_trained_model", {"version": 1, "config": []})
    stages = [
        {
            "freeze_modules": ["egnn"],
            "datamodule": {"train": {"batch_size": 128}},
            "optimizer": {"config": {"lr": 1e-2}},
        },
        {"trainer": {"max_epochs": 4}, "optimizer": {"config": {"lr": 1e-4}}},
    ]
    transfer = {
        "pre_trained_model_path": "pre_trained_model",
        "modules_to_match": {"egnn": "egnn"},
        "stages": stages,
    }
    features = [*FEATURES, "physicsml_total_atomic_energy"]
    model = load_from_dict(configuration("u0", features, transfer_learning=transfer))
    model.train(train_data=train)
    save_model(model, "model", {"version": 1, "config": []})
    saved = time.perf_counter()
    molecules = datasets.Dataset.from_parquet(predict_path, keep_in_memory=True, cache_dir=output)
    before = time.perf_counter()
    model.predict(molecules, datamodule_config={"predict": {"batch_size": 128}})
    result = {
        "importSeconds": IMPORTED - STARTED,
        "tutorialSeconds": saved - STARTED,
        "phases": phases,
        "predictSeconds": time.perf_counter() - before,
        "totalSeconds": time.perf_counter() - STARTED,
    }
    sys.stdout.write(json.dumps(result) + "\n")


def watch(phases):
    """Writes down when each training step of each phase ends."""

    def on_train_start(module):
        phases.append([])

    def on_train_batch_end(module, *rest):
        phases[-1].append(time.perf_counter())

    PhysicsMLModuleBase.on_train_start = on_train_start
    PhysicsMLModuleBase.on_train_batch_end = on_train_batch_end


main()
