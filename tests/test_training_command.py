"""`course train`: what it understands, what it refuses and how, and what it prints."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils import cli
from course_utils.data.datasets import ImageDataset, Split
from course_utils.models import build
from course_utils.train_options import DEFAULTS, MINUTES, RATES, RESNET9_RATES
from course_utils.training import Run, command, config, plan
from course_utils.training.plan import loader_options, make_config, model_of

FIGURES = {
    "accuracy", "accuracy_flip", "images_per_second", "seconds", "predicted_seconds", "peak_memory_bytes",
    "parameters", "versions", "seed", "config", "device", "precision",
}  # fmt: skip


def parse(*words):
    return cli.parse(["train", *words])


def tiny(name="auto", size=16, grey=None):
    """48 pictures of three classes that differ in brightness."""
    channels = 1 if grey else 3
    draws = np.random.default_rng(0)
    labels = np.arange(48) % 3
    images = draws.integers(0, 100, (48, channels, size, size)) + 70 * labels.reshape(-1, 1, 1, 1)
    images = images.astype(np.uint8)
    mean, std = np.full(channels, 0.5, np.float32), np.full(channels, 0.25, np.float32)
    train, val = Split(images[:33], labels[:33]), Split(images[33:], labels[33:])
    return ImageDataset("tiny", ("dark", "grey", "light"), train, val, mean, std)


@pytest.fixture
def course(monkeypatch, capsys):
    """course("--epochs", "1") -> (exit code, standard output, standard error), on the tiny pictures."""
    monkeypatch.setattr(plan, "load_dataset", tiny)
    monkeypatch.delenv("WORLD_SIZE", raising=False)

    def run(*words):
        few = [
            "--size",
            "16",
            "--width",
            "4",
            "--batch-size",
            "8",
            "--precision",
            "float32",
            "--device",
            "cpu",
        ]
        code = cli.main(["train", *few, *words])
        return code, *capsys.readouterr()

    return run


def test_the_example_of_the_help_is_understood():
    words = parser_of_train().epilog.split()[4:]
    args = parse(*words, "--size", "64", "--seed", "0")
    assert (args.data, args.model, args.width, args.epochs) == ("imagenette", "resnet9", 16, 5)
    assert (args.size, args.seed, args.json) == (64, 0, "-")


def test_what_the_command_line_leaves_out_has_the_defaults():
    args = parse()
    settings = make_config(args, {})
    assert (settings.optimizer, settings.lr, settings.schedule) == ("sgd", RESNET9_RATES["sgd"], "one_cycle")
    assert (settings.epochs, settings.label_smoothing, settings.seed) == (10, 0.1, 0)
    assert loader_options(args, {}, 64) == {"flip": True, "padding": 4, "erase": 0.0}
    assert model_of(args, {}, tiny()) == ("resnet9", {})
    assert make_config(parse("--model", "resnet18"), {}).lr == RATES["sgd"]


def test_the_command_line_goes_before_the_recipe_and_the_recipe_before_the_defaults():
    recipe = {
        "model": "resnet9",
        "model_options": {"width": 20, "scale": 0.25},
        "loader_options": {"flip": False, "padding": 3, "crop": "random"},
        "batch_size": 128,
        "config": {"optimizer": "sgd", "epochs": 7, "lr": 0.7, "ema": 0.99, "warmup": 0.4},
    }
    args = parse("--lr", "0.2", "--width", "8", "--option", "stem_stride=2", "--erase", "0.5")
    settings = make_config(args, recipe)
    assert (settings.epochs, settings.lr, settings.ema, settings.warmup) == (7, 0.2, 0.99, 0.4)
    assert settings.label_smoothing == DEFAULTS["label_smoothing"]
    assert model_of(args, recipe, tiny())[1] == {"width": 8, "scale": 0.25, "stem_stride": 2}
    assert model_of(parse("--model", "resnet18"), recipe, tiny(size=64)) == ("resnet18", {})
    cuts = loader_options(args, recipe, 64)
    assert cuts == {"flip": False, "padding": 3, "crop": "random", "erase": 0.5}
    assert loader_options(parse("--zoom", "0.4"), recipe, 64) == {
        "flip": False, "padding": 0, "crop": None, "erase": 0.0, "zoom": (0.4, 1.0),
    }  # fmt: skip
    other = make_config(parse("--optimizer", "adamw"), recipe)
    assert (other.epochs, other.lr, other.ema) == (7, RESNET9_RATES["adamw"], 0.99)


def test_options_that_follow_from_others():
    assert loader_options(parse(), {}, 128)["padding"] == 8
    assert loader_options(parse("--padding", "2"), {}, 128)["padding"] == 2
    assert loader_options(parse("--padding", "2", "--zoom", "0.5"), {}, 128)["padding"] == 2
    assert model_of(parse("--model", "resnet18"), {}, tiny(grey=True))[1] == {
        "in_channels": 1,
        "stem": "small",
    }


def test_the_choices_are_those_of_the_engine():
    options = {action.dest: action for action in parser_of_train()._actions}
    assert set(options["optimizer"].choices) == set(config.OPTIMIZERS) == set(RATES) == set(RESNET9_RATES)
    assert set(options["schedule"].choices) == set(config.SCHEDULES)
    assert set(options["precision"].choices) == set(config.PRECISIONS)
    assert set(options["track"].choices) == set(config.TRACKERS)
    assert set(plan.CONFIGURED) <= set(options) & set(config.TrainConfig.__dataclass_fields__)


def parser_of_train():
    subparsers = cli.build_parser()._subparsers._group_actions[0]
    return subparsers.choices["train"]


@pytest.mark.parametrize("minutes", MINUTES)
def test_each_recipe_makes_a_plan(minutes):
    args = parse("--minutes", str(minutes))
    recipe = plan.recipe_of(args)
    settings = make_config(args, recipe)
    name, options = model_of(args, recipe, tiny())
    model = build(name, 10, **plan.with_tensors(options, tiny(size=64), 0))
    assert settings.epochs >= 1 and model(torch.zeros(2, 3, 64, 64)).shape == (2, 10)
    assert len(next(iter(plan.Batches(tiny(size=64).train, 8, **loader_options(args, recipe, 64))))) == 2
    shorter = parse("--minutes", str(minutes), "--epochs", "2")
    assert make_config(shorter, plan.recipe_of(shorter)).epochs == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--epochs", "0"], "argument --epochs: 0 is out of range: choose a whole number from 1"),
        (["--epochs", "many"], "argument --epochs: 'many' is not a whole number"),
        (["--minutes", "2"], "argument --minutes: invalid choice: 2"),
        (["--size", "4"], "argument --size: 4 is out of range: choose a whole number from 8 to 1024"),
        (["--lr", "nan"], "argument --lr: nan is out of range: choose a number above 0"),
        (["--lr", "inf"], "argument --lr: inf is out of range"),
        (["--ema", "1"], "argument --ema: 1 is out of range: choose a number from 0 and below 1"),
        (["--optimizer", "lion"], "argument --optimizer: invalid choice: 'lion'"),
        (["--option", "stem"], "argument --option: 'stem': write KEY=VALUE"),
        (["--track", "paper"], "argument --track: invalid choice: 'paper'"),
        (["--speed", "9"], "unrecognized arguments: --speed 9"),
    ],
)
def test_a_mistake_is_named_at_once(words, says, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", *words])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--model", "resnet1"], "argument --model/--option: there is no architecture 'resnet1'"),
        (["--model", "lenet5"], "argument --model/--option: "),  # it has no width
        (["--option", "stem=7"], "argument --model/--option: "),
        (
            ["--option", "stem_stride=2", "--size", "8"],
            "argument --model/--size: ResNet-9 takes images of at least",
        ),
        (["--device", "toaster"], "argument --device: device 'toaster': choose"),
        (["--precision", "float16"], "argument --precision: precision='float16' needs a CUDA GPU"),
        (["--minutes", "3"], "argument --size: the recipe of --minutes 3 is for 64 pixels"),
        (["--resume"], "argument --resume: also say --out FOLDER"),
        (["--track", "tensorboard"], "argument --track: tensorboard writes into --out FOLDER"),
        (["--padding", "99"], "argument --batch-size/--padding/--zoom: "),
        (["--json", os.curdir], "argument --json: . is a folder"),
    ],
)
def test_what_turns_out_later_names_its_option_too(words, says, course):
    code, out, err = course(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"course: {says}")


def test_missing_pictures_say_how_to_get_them(capsys):
    assert cli.main(["train", "--data", "imagenette", "--size", "32"]) == 2
    assert "Remedy: course data get imagenette --size 32" in capsys.readouterr().err


def test_a_person_reads_four_lines(course):
    code, out, _ = course("--epochs", "2", "--grey")
    assert code == 0 and len(out.splitlines()) == 4
    assert out.startswith("resnet9 in_channels=1 width=4, ")
    assert (
        "on tiny at 16 pixels (3 classes)" in out and "judging each picture together with its mirror" in out
    )


def test_the_figures_are_those_of_the_weights(course, tmp_path):
    code, out, _ = course("--epochs", "3", "--whitening", "--json", "--out", str(tmp_path / "run"))
    figures = json.loads(out)
    assert code == 0 and set(figures) >= FIGURES
    run, data = Run.load(tmp_path / "run"), tiny()
    whitening = torch.zeros(27, 3, 3, 3), torch.zeros(27)
    model = build("resnet9", 3, width=4, whitening=whitening).eval()
    model.load_state_dict(run.weights)
    images = (torch.from_numpy(data.val.images) / 255 - 0.5) / 0.25
    with torch.no_grad():
        plain, mirrored = model(images), model(images.flip(3))
    labels = torch.from_numpy(data.val.labels)
    assert figures["accuracy"] == pytest.approx((plain.argmax(1) == labels).double().mean().item())
    judged = (plain + mirrored).argmax(1)
    assert figures["accuracy_flip"] == pytest.approx((judged == labels).double().mean().item())
    assert figures["model"] == {"name": "resnet9", "options": {"width": 4, "whitening": True}}
    assert (figures["epochs"], figures["processes"], figures["loader"]["batch_size"]) == (3, 1, 8)


def test_going_on_ends_where_the_whole_run_ends(course, tmp_path):
    folder = str(tmp_path / "run")
    once = json.loads(course("--epochs", "2", "--json", "--out", folder)[1])
    code, _, err = course("--epochs", "2", "--out", folder)
    assert code == 2 and "--resume" in err
    again = json.loads(course("--epochs", "2", "--json", "--out", folder, "--resume")[1])
    assert again["history"] == once["history"]
    assert again["accuracy_flip"] == once["accuracy_flip"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Nothing was kept: with --out FOLDER"),
        (["--out", "my runs/1"], "course train --out 'my runs/1' --resume\n"),
        (["--out", "1", "--resume"], "course train --out 1 --resume\n"),
    ],
)
def test_ctrl_c_says_how_to_go_on(words, says, course, monkeypatch):
    def fit(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "fit", fit)
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/course", "train", *words])
    code, out, err = course(*words)
    assert (code, out) == (130, "")
    assert says in err


def test_help_loads_nothing_heavy():
    program = "import sys\nfrom course_utils.cli import main\ntry:\n    main(['train', '--help'])\n"
    program += "except SystemExit:\n    print('LOADED', {'torch', 'numpy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("LOADED set()\n")


ALONE = [sys.executable, "-m", "course_utils.training"]
TOGETHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *ALONE[1:]]


@pytest.mark.parametrize(("start", "processes"), [(ALONE, 1), (TOGETHER, 2)], ids=["alone", "torchrun"])
def test_from_the_shell_to_one_json_object(start, processes, tmp_path):
    words = (
        "--data photo_patches --size 32 --width 4 --option stem_stride=2 --epochs 1 --batch-size 99 --seed 1"
    )
    done = subprocess.run(
        [*start, *words.split(), "--device", "cpu", "--json", "out.json", "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert done.stdout == (tmp_path / "out.json").read_text() and done.stdout.count("\n") == 1
    assert set(figures) >= FIGURES and figures["processes"] == processes
    assert figures["data"]["train"] == 6400 and figures["accuracy"] > 0.08  # 1 / 16 by chance
    found = {path.name for path in Path(tmp_path, "run").iterdir()}
    assert found >= {"run.json", "history.csv", "weights.safetensors", "checkpoints"}


REPOSITORY = Path(__file__).parent.parent
GUIDE = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_commands_of_the_guide_are_understood():
    lines = [line.strip() for line in GUIDE.replace("\\\n", " ").splitlines() if line.startswith("    ")]
    words = [line.partition("course train ")[2] for line in lines if line.startswith("course train ")]
    words += [
        line.partition("-m course_utils.training ")[2] for line in lines if line.startswith("torchrun ")
    ]
    words = [line for line in words if "…" not in line]
    assert len(words) == 5
    assert all(parse(*line.split()).handler == cli.TRAIN for line in words)


def test_the_guide_s_tour_leads_to_what_is_there():
    stops = re.findall(r"`((?:data|training)/\w+\.py)`(?:, `([\w.]+)`)?", GUIDE)
    assert len(stops) > 12
    for path, name in stops:
        source = (REPOSITORY / "course_utils" / path).read_text(encoding="utf-8")
        for part in filter(None, name.split(".")):
            assert re.search(rf"^ *(def|class) {part}\b", source, re.MULTILINE), (path, name)
