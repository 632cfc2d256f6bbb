"""Where the ten classes of Imagenette stand in WordNet: every synset above them, and distances.

An ImageNet id is the letter n and the eight-digit place of a noun in the files of WordNet 3.0. SYNSETS holds
for each id its first word and the ids right above it (hypernyms), in WordNet's order; most have one, some
have two. Lesson 01 builds `lowest_common_ancestor`.

The words and relations of SYNSETS are an excerpt of WordNet, under its licence:

    WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved.
    Permission to use, copy, modify and distribute this software and database and its documentation for any
    purpose and without fee or royalty is hereby granted, provided that you agree to comply with the following
    copyright notice and statements, including the disclaimer, and that the same appear on ALL copies of the
    software, database and documentation, including modifications that you make for internal use or for
    distribution.
    THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR
    WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO
    REPRESENTATIONS OR WARRANTIES OF MERCHANTABILITY OR FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF
    THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS,
    TRADEMARKS OR OTHER RIGHTS.
    The name of Princeton University or Princeton may not be used in advertising or publicity pertaining to
    distribution of the software and/or database. Title to copyright in this software, database and any
    associated documentation shall at all times remain with Princeton University and LICENSEE agrees to
    preserve same.
"""

SYNSETS = {
    "n00001740": ("entity", ()),
    "n00001930": ("physical entity", ("n00001740",)),
    "n00002684": ("object", ("n00001930",)),
    "n00003553": ("whole", ("n00002684",)),
    "n00004258": ("living thing", ("n00003553",)),
    "n00004475": ("organism", ("n00004258",)),
    "n00015388": ("animal", ("n00004475",)),
    "n00021939": ("artifact", ("n00003553",)),
    "n01317541": ("domestic animal", ("n00015388",)),
    "n01428580": ("soft-finned fish", ("n02528163",)),
    "n01438208": ("cypriniform fish", ("n01428580",)),
    "n01439121": ("cyprinid", ("n01438208",)),
    "n01440764": ("tench", ("n01439121",)),
    "n01466257": ("chordate", ("n00015388",)),
    "n01471682": ("vertebrate", ("n01466257",)),
    "n01473806": ("aquatic vertebrate", ("n01471682",)),
    "n01861778": ("mammal", ("n01471682",)),
    "n01886756": ("placental", ("n01861778",)),
    "n02075296": ("carnivore", ("n01886756",)),
    "n02083346": ("canine", ("n02075296",)),
    "n02084071": ("dog", ("n02083346", "n01317541")),
    "n02087122": ("hunting dog", ("n02084071",)),
    "n02098550": ("sporting dog", ("n02087122",)),
    "n02101108": ("spaniel", ("n02098550",)),
    "n02101861": ("springer spaniel", ("n02101108",)),
    "n02102040": ("English springer", ("n02101861",)),
    "n02512053": ("fish", ("n01473806",)),
    "n02514825": ("bony fish", ("n02512053",)),
    "n02528163": ("teleost fish", ("n02514825",)),
    "n02778669": ("ball", ("n03414162",)),
    "n02891788": ("brass", ("n04586932",)),
    "n02913152": ("building", ("n04341686",)),
    "n02979186": ("cassette player", ("n03278248",)),
    "n03000684": ("chain saw", ("n03996145",)),
    "n03028079": ("church", ("n03953416",)),
    "n03094503": ("container", ("n03575240",)),
    "n03100490": ("conveyance", ("n03575240",)),
    "n03183080": ("device", ("n03575240",)),
    "n03278248": ("electronic equipment", ("n03294048",)),
    "n03294048": ("equipment", ("n03575240",)),
    "n03394916": ("French horn", ("n02891788",)),
    "n03414162": ("game equipment", ("n03294048",)),
    "n03417042": ("garbage truck", ("n04490091",)),
    "n03425413": ("gas pump", ("n04021798",)),
    "n03445777": ("golf ball", ("n02778669", "n03446832")),
    "n03446832": ("golf equipment", ("n04285146",)),
    "n03563967": ("implement", ("n03575240",)),
    "n03575240": ("instrumentality", ("n00021939",)),
    "n03699975": ("machine", ("n03183080",)),
    "n03736970": ("mechanical device", ("n03738472",)),
    "n03738472": ("mechanism", ("n03183080",)),
    "n03791235": ("motor vehicle", ("n04170037",)),
    "n03800933": ("musical instrument", ("n03183080",)),
    "n03888257": ("parachute", ("n04077734",)),
    "n03953416": ("place of worship", ("n02913152",)),
    "n03996145": ("power saw", ("n03997484",)),
    "n03997484": ("power tool", ("n03699975", "n04451818")),
    "n04021798": ("pump", ("n03736970",)),
    "n04077734": ("rescue equipment", ("n03294048",)),
    "n04170037": ("self-propelled vehicle", ("n04576211",)),
    "n04285146": ("sports equipment", ("n03294048",)),
    "n04341686": ("structure", ("n00021939",)),
    "n04451818": ("tool", ("n03563967",)),
    "n04490091": ("truck", ("n03791235",)),
    "n04524313": ("vehicle", ("n03100490",)),
    "n04576211": ("wheeled vehicle", ("n04524313", "n03094503")),
    "n04586932": ("wind instrument", ("n03800933",)),
}


def word(wnid):
    """The first word of a synset. Raises KeyError for an id that is not above or in Imagenette."""
    return SYNSETS[wnid][0]


def hypernym_path(wnid):
    """Ids from `wnid` up to entity, always by the hypernym that WordNet lists first."""
    path = [wnid]
    while SYNSETS[path[-1]][1]:
        path.append(SYNSETS[path[-1]][1][0])
    return path


def first_parents(wnids):
    """Child -> parent for `wnids` and all above them, by first hypernyms; the root's parent is None."""
    paths = [hypernym_path(wnid) for wnid in wnids]
    return {child: parent for path in paths for child, parent in zip(path, [*path[1:], None], strict=True)}


def lowest_common_ancestor(parents, a, b):
    """(ancestor, edges from a to b over it) in the tree `parents`, child -> parent. Lesson 01."""
    above_a = _upwards(parents, a)
    for steps, node in enumerate(_upwards(parents, b)):
        if node in above_a:
            return node, above_a.index(node) + steps
    raise ValueError(f"{a!r} and {b!r} have no ancestor in common")


def _upwards(parents, node):
    path = [node]
    while parents[path[-1]] is not None:
        path.append(parents[path[-1]])
    return path
