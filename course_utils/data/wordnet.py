"""WordNet ids of the ten classes of Imagenette and the words (lemmas) of their synsets."""

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


def class_name(folder):
    """The usual word for a WordNet id that is known here; any other folder name is its own class name."""
    return IMAGENETTE_WORDS[folder][0] if folder in IMAGENETTE_WORDS else folder
