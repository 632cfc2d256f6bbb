"""WordNet ids of the classes of Imagenette and Imagewoof, the words (lemmas) of their synsets, and the words
that a copy of ImageNet brings with it."""

import re
from collections import Counter
from pathlib import Path

WNID = re.compile(r"(?<![A-Za-z0-9])n\d{8}(?![0-9])")

IMAGENETTE_WORDS = {
    "n01440764": ("tench", "Tinca tinca"),
    "n02102040": ("English springer", "English springer spaniel"),
    "n02979186": ("cassette player",),
    "n03000684": ("chain saw", "chainsaw"),
    "n03028079": ("church", "church building"),
    "n03394916": ("French horn", "horn"),
    "n03417042": ("garbage truck", "dustcart"),
    "n03425413": ("gas pump", "gasoline pump", "petrol pump", "island dispenser"),
    "n03445777": ("golf ball",),
    "n03888257": ("parachute", "chute"),
}
IMAGEWOOF_WORDS = {
    "n02086240": ("Shih-Tzu",),
    "n02087394": ("Rhodesian ridgeback",),
    "n02088364": ("beagle",),
    "n02089973": ("English foxhound",),
    "n02093754": ("Border terrier",),
    "n02096294": ("Australian terrier",),
    "n02099601": ("golden retriever",),
    "n02105641": ("Old English sheepdog", "bobtail"),
    "n02111889": ("Samoyed", "Samoyede"),
    "n02115641": ("dingo", "warrigal", "warragal", "Canis dingo"),
}
WORDS = IMAGENETTE_WORDS | IMAGEWOOF_WORDS
# Tables of words in copies of Tiny ImageNet, of Kaggle's ImageNet and of Caffe's: an id, space, the lemmas.
TABLES = ("words.txt", "LOC_synset_mapping.txt", "synset_words.txt")


def class_name(folder, words=WORDS):
    """The usual word for a WordNet id that is known here; any other folder name is its own class name."""
    return words[folder][0] if folder in words else folder


def class_names(folders, root):
    """A name for each class folder of the tree at `root`, no two alike: where two synsets share their first
    word, as crane the bird and crane the machine do, the id follows it."""
    words = WORDS
    if any(WNID.fullmatch(folder) and folder not in WORDS for folder in folders):
        words = _words_of(Path(root)) | WORDS
    names = [class_name(folder, words) for folder in folders]
    often = Counter(names)
    return [
        name if often[name] == 1 else f"{name} ({folder})"
        for name, folder in zip(names, folders, strict=True)
    ]


def _words_of(root):
    found = {}
    for table in (root / name for name in TABLES):
        if table.is_file():
            for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
                wnid, _, lemmas = line.strip().partition("\t" if "\t" in line else " ")
                lemmas = tuple(lemma.strip() for lemma in lemmas.split(",") if lemma.strip())
                if WNID.fullmatch(wnid) and lemmas:
                    found[wnid] = lemmas
    return found
