"""Trees of every layout: Tiny ImageNet's, flat copies of ImageNet, chosen classes, trees without a split."""

import json
import shutil

import numpy as np
import pytest
from data_helpers import make_picture, make_tree

from course_utils import cli
from course_utils.data import CourseDataError, load_dataset, prepare_tree
from course_utils.data.trees import fingerprint, scan_tree

TENCH, SPRINGER, CHURCH = "n01440764", "n02102040", "n03028079"
OTHER = "n03444034"


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def make_tiny_imagenet(root, classes=(TENCH, OTHER), train=3, val=4):
    """The layout of tiny-imagenet-200.zip: an images/ folder in each class; val/ flat, with a table."""
    for number, wnid in enumerate(classes):
        for index in range(train):
            make_picture(root / "train" / wnid / "images" / f"{wnid}_{index}.JPEG", 100 * number + index)
        (root / "train" / wnid / f"{wnid}_boxes.txt").write_text("n_0.JPEG\t0\t0\t62\t62\n")
    lines = []
    for index in range(val):
        make_picture(root / "val" / "images" / f"val_{index}.JPEG", 500 + index)
        lines.append(f"val_{index}.JPEG\t{classes[index % len(classes)]}\t0\t32\t44\t62\n")
    (root / "val" / "val_annotations.txt").write_text("".join(lines))
    make_picture(root / "test" / "images" / "test_0.JPEG")
    (root / "wnids.txt").write_text("\n".join(classes))
    (root / "words.txt").write_text(f"{OTHER}\tgo-kart\n{CHURCH}\tchurch, church building\n")
    return root


def test_tiny_imagenet(tmp_path):
    tree = make_tiny_imagenet(tmp_path / "tiny-imagenet-200")
    folder = prepare_tree(tree, 16)
    data = load_dataset(tree, 16)
    assert data.classes == ("tench", "go-kart") and manifest_of(folder)["wnids"] == [TENCH, OTHER]
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.train.files[3] == f"train/{OTHER}/images/{OTHER}_0.JPEG"
    by_file = dict(zip(data.val.files, data.val.labels.tolist(), strict=True))
    assert by_file == {f"val/images/val_{index}.JPEG": index % 2 for index in range(4)}
    assert manifest_of(folder)["ignored_files"] == 3  # the tables of boxes and of the validation pictures


def test_a_changed_table_is_a_changed_tree(tmp_path):
    tree = make_tiny_imagenet(tmp_path / "tiny")
    before = fingerprint(scan_tree(tree))
    table = tree / "val" / "val_annotations.txt"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0].replace(TENCH, OTHER), *lines[1:]]))
    assert fingerprint(scan_tree(tree)) != before


def test_tiny_imagenet_sorted_into_folders_by_its_owner(tmp_path):
    tree = make_tiny_imagenet(tmp_path / "tiny")
    for index in range(4):
        place = tree / "val" / (TENCH, OTHER)[index % 2] / "images"
        place.mkdir(parents=True, exist_ok=True)
        (tree / "val" / "images" / f"val_{index}.JPEG").rename(place / f"val_{index}.JPEG")
    (tree / "val" / "images").rmdir()
    prepare_tree(tree, 8)
    assert load_dataset(tree, 8).val.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("../../secret.JPEG\tn01440764\n", "Line 5 of .*val_annotations.txt is not the name of a picture"),
        ("/etc/passwd\tn01440764\n", "Line 5 of .*val_annotations.txt is not the name of a picture"),
        ("val_9.JPEG\ttench\n", "Line 5 of .* is not the name of a picture and its WordNet id: 'val_9"),
        ("val_9.JPEG\tn01440764\n", r"val_9\.JPEG does not decode: No such file or directory"),
    ],
)
def test_a_wrong_line_in_the_table(tmp_path, line, says):
    tree = make_tiny_imagenet(tmp_path / "tiny")
    with open(tree / "val" / "val_annotations.txt", "a") as table:
        table.write(line)
    with pytest.raises(CourseDataError, match=says):
        prepare_tree(tree, 8)


def test_a_picture_that_the_table_does_not_know(tmp_path):
    tree = make_tiny_imagenet(tmp_path / "tiny")
    make_picture(tree / "val" / "images" / "val_77.JPEG")
    with pytest.raises(CourseDataError, match=r"1 of the pictures in .*val have no class, val_77\.JPEG"):
        prepare_tree(tree, 8)


def flatten(split):
    """Pictures out of their class folders, the id in their names."""
    for folder in [child for child in split.iterdir() if child.is_dir()]:
        for picture in folder.iterdir():
            picture.rename(split / picture.name)
        folder.rmdir()
    return split


def test_flat_copy_with_the_ids_in_the_names(tmp_path):
    tree = make_tree(tmp_path / "flat", (TENCH, SPRINGER))  # n01440764_0.JPEG and so on
    flatten(tree / "train")
    for number, picture in enumerate(sorted(flatten(tree / "val").iterdir())):
        picture.rename(tree / "val" / f"ILSVRC2012_val_0000000{number}_{picture.name[:9]}.JPEG")
    prepare_tree(tree, 8)
    data = load_dataset(tree, 8)
    assert data.classes == ("tench", "English springer")
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1] and data.val.labels.tolist() == [0, 0, 1, 1]
    make_picture(tree / "train" / "holiday.jpg")
    with pytest.raises(CourseDataError, match=r"1 of the pictures in .*train have no class, holiday\.jpg"):
        prepare_tree(tree, 8)


def test_flat_validation_with_kaggles_table(tmp_path):
    tree = make_tree(tmp_path / "CLS-LOC", (TENCH, SPRINGER))
    flatten(tree / "val")
    lines = ["ImageId,PredictionString"]
    for number, picture in enumerate(sorted((tree / "val").iterdir())):
        lines.append(f"ILSVRC2012_val_{number:08},{picture.name[:9]} 1 2 3 4 {picture.name[:9]} 5 6 7 8")
        picture.rename(tree / "val" / f"ILSVRC2012_val_{number:08}.JPEG")
    with pytest.raises(CourseDataError, match="val has no class folders in it, only 4 files"):
        prepare_tree(tree, 8)
    (tree / "LOC_val_solution.csv").write_text("\n".join(lines) + "\n")
    prepare_tree(tree, 8)
    assert load_dataset(tree, 8).val.labels.tolist() == [0, 0, 1, 1]


def test_other_names_of_the_validation_folder(tmp_path):
    tree = make_tree(tmp_path / "tree")
    (tree / "val").rename(tree / "valid")
    prepare_tree(tree, 8)
    assert load_dataset(tree, 8).val.files[0].startswith("valid/cat/")


def test_imagewoof_and_words_of_two_synsets(tmp_path):
    tree = make_tree(tmp_path / "woof", ("n02093754", "n02096294", "n02012849", "n03126707"))
    (tree / "synset_words.txt").write_text("n02012849 crane\nn03126707 crane\n")
    classes = load_dataset(prepare_tree(tree, 8), 8).classes
    assert set(classes) == {"Border terrier", "Australian terrier", "crane (n02012849)", "crane (n03126707)"}


def test_chosen_classes(tmp_path):
    tree = make_tree(tmp_path / "imagenet", (TENCH, SPRINGER, CHURCH, OTHER))
    shutil.rmtree(tree / "val" / OTHER)  # of no concern: it is not chosen
    folder = prepare_tree(tree, 8, classes=[CHURCH, TENCH])
    assert manifest_of(folder)["selection"]["classes"] == [CHURCH, TENCH]
    data = load_dataset(tree, 8)
    assert data.classes == ("tench", "church") and len(data.train) == 6
    assert {file.split("/")[1] for file in data.train.files} == {TENCH, CHURCH}
    with pytest.raises(CourseDataError, match="has one class folder only, n03028079: a classifier needs two"):
        prepare_tree(tree, 8, classes=[CHURCH])


def test_classes_of_the_command_line(tmp_path, capsys):
    tree = make_tree(tmp_path / "imagenet", (TENCH, SPRINGER, CHURCH))
    listed = tmp_path / "mine.txt"
    listed.write_text(f"# fish and building\n{TENCH} tench, Tinca tinca\n\n{CHURCH}\n")
    words = ["data", "prepare", str(tree), "--size", "8", "--name", "few", "--classes"]
    assert cli.main([*words, str(listed)]) == 0
    assert 'load_dataset("few", size=8)' in capsys.readouterr().out
    assert load_dataset("few", 8).classes == ("tench", "church")
    assert cli.main([*words, TENCH, SPRINGER]) == 0
    assert load_dataset("few", 8).classes == ("tench", "English springer")
    with pytest.raises(CourseDataError, match=r"few is not prepared at 16 pixels.\nRemedy: course data prep"):
        load_dataset("few", 16)


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (["n0144076"], r"no such class folder: n0144076 \(near: n01440764 tench\)"),
        (["church"], r"no such class folder: church \(near: n03028079 church\)"),
        (["xyzzy", "42"], r"folders: xyzzy \(nothing near it\); 42 \(nothing near it\)\.\nIt has 3 classes"),
    ],
)
def test_unknown_classes_name_those_near(tmp_path, root, chosen, says):
    tree = make_tree(tmp_path / "imagenet", (TENCH, SPRINGER, CHURCH))
    with pytest.raises(CourseDataError, match=says):
        prepare_tree(tree, 8, classes=chosen)
    assert not root.exists()


@pytest.mark.parametrize(
    ("text", "says"), [(b"\n# none\n", "is empty"), (b"\xff\xfe", "Cannot read the list")]
)
def test_lists_of_classes_that_say_nothing(tmp_path, text, says, capsys):
    (tmp_path / "list.txt").write_bytes(text)
    tree = make_tree(tmp_path / "tree")
    assert cli.main(["data", "prepare", str(tree), "--classes", str(tmp_path / "list.txt")]) != 0
    assert says in capsys.readouterr().err


def make_unsplit(root, classes=("cat", "dog"), count=10):
    make_tree(root, classes, train=count, val=0)
    for name in classes:
        (root / "train" / name).rename(root / name)
    (root / "train").rmdir()
    return root


def test_a_tree_without_a_split_is_split_by_class(tmp_path):
    tree = make_unsplit(tmp_path / "mine")
    folder = prepare_tree(tree, 8, val_share=0.3, seed=5)
    data = load_dataset(tree, 8)
    assert np.bincount(data.train.labels).tolist() == [7, 7]
    assert np.bincount(data.val.labels).tolist() == [3, 3]
    assert not set(data.train.files) & set(data.val.files)
    assert len(set(data.train.files) | set(data.val.files)) == 20
    assert manifest_of(folder)["selection"] == {"classes": None, "val_share": 0.3, "seed": 5}
    assert prepare_tree(tree, 8, val_share=0.3, seed=5) == folder
    prepare_tree(tree, 8, val_share=0.3, seed=6)
    assert set(load_dataset(tree, 8).val.files) != set(data.val.files)


def test_the_split_of_a_class_depends_on_no_other_class(tmp_path):
    tree = make_unsplit(tmp_path / "mine", ("cat", "dog", "emu"))
    both = scan_tree(tree, classes=["cat", "dog"])
    alone = {name for name, _ in both.pictures["val"]}
    assert alone < {name for name, _ in scan_tree(tree).pictures["val"]} and len(alone) == 4


def test_the_split_is_said(tmp_path, capsys):
    tree = make_unsplit(tmp_path / "mine")
    assert cli.main(["data", "prepare", str(tree), "--size", "8", "--val-share", "0.1", "--seed", "3"]) == 0
    said = capsys.readouterr().out
    assert "8 px: 18 training and 2 validation pictures of 2 classes" in said
    assert "the share 0.1 of each class, chosen by seed 3, is for validation" in said


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5])
def test_share_for_validation_out_of_range(tmp_path, share):
    with pytest.raises(CourseDataError, match=rf"between 0 and 1, not {share}"):
        prepare_tree(make_unsplit(tmp_path / "mine"), 8, val_share=share)


def test_a_class_of_one_picture_cannot_be_split(tmp_path):
    tree = make_unsplit(tmp_path / "mine")
    make_picture(tree / "emu" / "emu_0.png")
    with pytest.raises(CourseDataError, match=r"The class folder .*emu holds one picture: it needs two"):
        prepare_tree(tree, 8)


def test_a_share_for_a_tree_that_has_a_split(tmp_path):
    with pytest.raises(CourseDataError, match=r"has validation pictures of its own in val/: leave the share"):
        prepare_tree(make_tree(tmp_path / "tree"), 8, val_share=0.2)


def test_a_train_folder_alone_is_split_when_it_is_named(tmp_path):
    tree = make_tree(tmp_path / "tree")
    shutil.rmtree(tree / "val")
    with pytest.raises(CourseDataError, match=r"To split a train folder, name it: .*tree.train"):
        prepare_tree(tree, 8)
    data = load_dataset(prepare_tree(tree / "train", 8), 8)
    assert (len(data.train), len(data.val)) == (4, 2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["imagenette", "--classes", TENCH, CHURCH], "give it a name of its own"),
        (["TREE", "--name", "imagenette"], "imagenette is the name of a source of the course"),
        (["TREE", "--name", "../up"], "A name is made of letters, digits, - and _, unlike '../up'"),
        (["TREE", "--workers", "0"], "workers must be at least 1, not 0"),
    ],
)
def test_mistakes_of_the_command_line(tmp_path, root, words, says, capsys):
    tree = make_tree(tmp_path / "tree")
    (root / "raw" / "imagenette").mkdir(parents=True)
    (root / "raw" / "imagenette" / "source.json").write_text('{"name": "imagenette"}')
    assert cli.main(["data", "prepare", *[str(tree) if word == "TREE" else word for word in words]]) != 0
    assert says in capsys.readouterr().err
