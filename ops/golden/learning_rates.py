"""Makes test/fixtures/golden/learning_rates.json with torch 2.4.0: schedules of lists, warm-ups, parameter groups, momentum cycles.

    python ops/golden/learning_rates.py   (any torch 2.4; a CPU is enough)

Each schedule has one optimizer step per scheduler step; `rates[i]` and `momenta[i]` are what step i uses, per parameter group. Each
trajectory is the loop of b_optimizers in float64: the MLP of init.safetensors, eight batches, the loss before each step.
"""
import json
import warnings

import torch
from torch.optim import lr_scheduler as lrs
from torch.optim.swa_utils import SWALR

from optimizer_steps import ROOT, initial_parameters, losses_of_steps

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
STEPS = 24
CLASSES = {name: getattr(lrs, name) for name in dir(lrs) if isinstance(getattr(lrs, name), type)} | {"SWALR": SWALR}


def build(optimizer, section):
    """The scheduler of a section {name, config}, members and warm-up included."""
    config = dict(section["config"])
    if "schedulers" in config:
        members = [build(optimizer, member) for member in config.pop("schedulers")]
        if section["name"] == "ChainedScheduler":
            return lrs.ChainedScheduler(members)
        return lrs.SequentialLR(optimizer, schedulers=members, **config)
    return CLASSES[section["name"]](optimizer, **config)


def with_warmup(optimizer, section, warmup):
    if warmup is None:
        return build(optimizer, section)
    rise = lrs.LinearLR(optimizer, start_factor=warmup["start_factor"], total_iters=warmup["steps"])
    return lrs.SequentialLR(optimizer, schedulers=[rise, build(optimizer, section)], milestones=[warmup["steps"]])


def optimizer_of(name, lrs_of_groups):
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": lr} for lr in lrs_of_groups]
    return getattr(torch.optim, name)(groups, lr=lrs_of_groups[0])


def momenta_of(optimizer):
    return [group["betas"][0] if "betas" in group else group.get("momentum") for group in optimizer.param_groups]


def schedule(section, *, warmup=None, base_lrs=(0.05, 0.002), optimizer="AdamW", metrics=None):
    opt = optimizer_of(optimizer, base_lrs)
    sched = with_warmup(opt, section, warmup)
    rates, momenta = [], []
    for step in range(STEPS):
        rates.append([group["lr"] for group in opt.param_groups])
        momenta.append(momenta_of(opt))
        opt.step()
        sched.step(metrics[step]) if metrics else sched.step()
    case = {"section": section, "base_lrs": base_lrs, "optimizer": optimizer, "rates": rates}
    if section["config"].get("cycle_momentum"):
        case["momenta"] = momenta
    return case | ({"warmup": warmup} if warmup else {}) | ({"metrics": metrics} if metrics else {})


def named(name, **config):
    return {"name": name, "config": config}


LINEAR = named("LinearLR", start_factor=0.2, end_factor=1.0, total_iters=4)
COSINE = named("CosineAnnealingLR", T_max=9, eta_min=0.0001)
EXPONENTIAL = named("ExponentialLR", gamma=0.8)
STEP = named("StepLR", step_size=3, gamma=0.5)
PLATEAU = [1.0, 0.8, 0.7999, 0.81, 0.8, 0.6, 0.7, 0.65, 0.62, 0.61, 0.61, 0.61, 0.7, 0.7, 0.5, 0.51, 0.51, 0.51, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]

schedules = [
    schedule(named("SequentialLR", schedulers=[LINEAR, COSINE], milestones=[4])),
    schedule(named("SequentialLR", schedulers=[named("ConstantLR", factor=0.5, total_iters=3), EXPONENTIAL, STEP], milestones=[5, 11])),
    schedule(named("SequentialLR", schedulers=[EXPONENTIAL, named("SWALR", swa_lr=0.01, anneal_epochs=5, anneal_strategy="cos")], milestones=[8])),
    schedule(named("SequentialLR", schedulers=[LINEAR, named("SWALR", swa_lr=0.03, anneal_epochs=6, anneal_strategy="linear")], milestones=[6])),
    schedule(named("SequentialLR", schedulers=[LINEAR, named("CosineAnnealingWarmRestarts", T_0=5, T_mult=2)], milestones=[4])),
    schedule(named("SequentialLR", schedulers=[named("PolynomialLR", total_iters=6, power=1.0), named("MultiStepLR", milestones=[2, 6], gamma=0.3)], milestones=[6])),
    schedule(named("ChainedScheduler", schedulers=[named("ConstantLR", factor=0.1, total_iters=2), EXPONENTIAL])),
    schedule(named("ChainedScheduler", schedulers=[LINEAR, STEP, named("PolynomialLR", total_iters=20, power=2.0)])),
    schedule(named("ChainedScheduler", schedulers=[LINEAR, named("CosineAnnealingLR", T_max=10, eta_min=0.001)])),
    schedule(named("ChainedScheduler", schedulers=[EXPONENTIAL, named("SWALR", swa_lr=0.01, anneal_epochs=8, anneal_strategy="linear")])),
    schedule(named("ChainedScheduler", schedulers=[EXPONENTIAL, named("CosineAnnealingWarmRestarts", T_0=7), STEP])),
    schedule(COSINE, warmup={"steps": 5, "start_factor": 0.1}),
    schedule(STEP, warmup={"steps": 3, "start_factor": 1 / 3}),
    schedule(named("ReduceLROnPlateau", factor=0.5, patience=2), metrics=PLATEAU),
    schedule(named("ReduceLROnPlateau", factor=0.3, patience=1, cooldown=2, min_lr=0.0005, mode="max", threshold=0.02, threshold_mode="abs"), metrics=PLATEAU),
    schedule(named("ReduceLROnPlateau", factor=0.5, patience=0, eps=0.01, mode="max", threshold=0.1), metrics=PLATEAU),
    schedule(named("SWALR", swa_lr=0.01, anneal_epochs=5)),
    schedule(named("SWALR", swa_lr=0.01, anneal_epochs=0)),
    *[
        schedule(section, optimizer=optimizer)
        for optimizer in ("AdamW", "SGD")
        for section in (
            named("OneCycleLR", max_lr=0.1, total_steps=24, cycle_momentum=True),
            named("OneCycleLR", max_lr=0.1, total_steps=30, pct_start=0.4, three_phase=True, anneal_strategy="linear", cycle_momentum=True),
            named("CyclicLR", base_lr=0.001, max_lr=0.1, step_size_up=4, step_size_down=3, mode="triangular2", cycle_momentum=True),
            named("CyclicLR", base_lr=0.001, max_lr=0.1, step_size_up=5, mode="exp_range", gamma=0.9, base_momentum=0.7, max_momentum=0.95, cycle_momentum=True),
        )
    ],
]


def alone(section):
    """The rates of a SequentialLR whose members are each made on an optimizer of their own, so that none moves the base rate of another."""
    config = section["config"]
    starts = [0, *config["milestones"]]
    played = [schedule(member)["rates"] for member in config["schedulers"]]
    return [next(rates[step - start] for start, rates in reversed(list(zip(starts, played))) if start <= step) for step in range(STEPS)]


ONE_CYCLE = named("OneCycleLR", max_lr=0.1, total_steps=30, cycle_momentum=False)
CYCLIC = named("CyclicLR", base_lr=0.001, max_lr=0.1, step_size_up=4, cycle_momentum=False)
cycles_in_lists = [
    case if case["section"]["name"] == "ChainedScheduler" else case | {"alone": alone(case["section"])}
    for case in (
        schedule(named("SequentialLR", schedulers=[LINEAR, ONE_CYCLE], milestones=[4])),
        schedule(named("SequentialLR", schedulers=[EXPONENTIAL, CYCLIC], milestones=[6])),
        schedule(named("SequentialLR", schedulers=[CYCLIC, EXPONENTIAL], milestones=[6])),
        schedule(named("SequentialLR", schedulers=[ONE_CYCLE, named("CosineAnnealingLR", T_max=12)], milestones=[8])),
        schedule(named("SequentialLR", schedulers=[ONE_CYCLE, CYCLIC], milestones=[8])),
        schedule(named("ChainedScheduler", schedulers=[CYCLIC, EXPONENTIAL])),
        schedule(named("ChainedScheduler", schedulers=[ONE_CYCLE, EXPONENTIAL])),
    )
]


def trajectory(optimizer, config, *, groups=None, scheduler=None):
    """Losses of eight float64 steps. `groups`: the run file's keys, and the same thing as torch's groups, names in place of tensors."""
    weights = initial_parameters()
    named_groups = groups["torch"] if groups else [{"params": list(weights)}]
    torch_groups = [{**group, "params": [weights[name] for name in group["params"]]} for group in named_groups]
    opt = getattr(torch.optim, optimizer)(torch_groups, **config)
    sched = build(opt, scheduler) if scheduler else None
    losses = losses_of_steps(weights, opt, after_step=sched.step if sched else lambda: None)
    section = {"name": optimizer, "config": config} | (groups["keys"] if groups else {})
    return {"optimizer": section, "scheduler": scheduler, "loss_f64": losses}


W, B = [f"module.{i}.weight" for i in (0, 2, 4)], [f"module.{i}.bias" for i in (0, 2, 4)]
LAYER_DECAY = 0.5
CYCLE = named("OneCycleLR", max_lr=0.02, total_steps=8, cycle_momentum=True)
trajectories = [
    trajectory("AdamW", {"lr": 0.01, "weight_decay": 0.1}, groups={"keys": {"no_weight_decay": True}, "torch": [{"params": W}, {"params": B, "weight_decay": 0}]}),
    trajectory(
        "SGD",
        {"lr": 0.05, "momentum": 0.9},
        groups={
            "keys": {"param_groups": [{"params": ["module.0"], "lr": 0.001, "momentum": 0.5}, {"params": ["module.4.bias"], "weight_decay": 0.2, "nesterov": True}]},
            "torch": [
                {"params": [W[1], B[1], W[2]]},
                {"params": [W[0], B[0]], "lr": 0.001, "momentum": 0.5},
                {"params": [B[2]], "weight_decay": 0.2, "nesterov": True},
            ],
        },
        scheduler=named("ExponentialLR", gamma=0.7),
    ),
    trajectory(
        "AdamW",
        {"lr": 0.02},
        groups={
            "keys": {"layer_decay": LAYER_DECAY, "no_weight_decay": ["**.bias"]},
            "torch": [
                {"params": [kind[layer]], "lr": 0.02 * LAYER_DECAY ** (2 - layer)} | ({"weight_decay": 0} if kind is B else {})
                for layer in range(3)
                for kind in (W, B)
            ],
        },
        scheduler=named("CosineAnnealingLR", T_max=8),
    ),
    *[trajectory(name, {"lr": 0.01}, scheduler=CYCLE) for name in ("Adam", "AdamW", "SGD", "RMSprop", "Adamax", "RAdam")],
    trajectory("SGD", {"lr": 0.01, "momentum": 0.5, "nesterov": True}, scheduler=named("CyclicLR", base_lr=0.001, max_lr=0.05, step_size_up=3, base_momentum=0.0, max_momentum=0.9, cycle_momentum=True)),
]

out = ROOT / "learning_rates.json"
out.write_text(json.dumps({"torch": torch.__version__, "schedules": schedules, "trajectories": trajectories, "cycles_in_lists": cycles_in_lists}, indent=1) + "\n")
print(f"wrote {len(schedules) + len(cycles_in_lists)} schedules and {len(trajectories)} trajectories")
