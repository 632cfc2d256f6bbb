"""What the course can learn from: where it is, how it is verified and on what terms it may be used."""

from dataclasses import dataclass

from .wordnet import IMAGENETTE_WORDS

IMAGENET_TERMS = (
    "ImageNet's terms of access: non-commercial research and education only; the copyright of each picture "
    "stays with its photographer. Not to be passed on with the course."
)


@dataclass(frozen=True)
class Source:
    """One collection of pictures. `url` is empty for what is already inside an installed package."""

    name: str
    what: str
    licence: str
    homepage: str
    url: str = ""
    md5: str = ""
    size_bytes: int = 0
    classes: tuple = ()  # the class folders that the archive must hold

    @property
    def file_name(self):
        return self.url.rsplit("/", 1)[-1]


def _imagenette(name, pixels, file, md5, size_bytes):
    # URLs and md5 as in torchvision.datasets.Imagenette; a test holds them against the installed torchvision.
    return Source(
        name=name,
        what=f"9,469 training and 3,925 validation photographs of ten ImageNet classes, {pixels}",
        licence=IMAGENET_TERMS,
        homepage="https://github.com/fastai/imagenette",
        url=f"https://s3.amazonaws.com/fast-ai-imageclas/{file}",
        md5=md5,
        size_bytes=size_bytes,
        classes=tuple(IMAGENETTE_WORDS),
    )


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="photo_patches",
            what="patches of 16 photographs inside the scikit-image wheel: which photograph is it from?",
            licence="photograph by photograph, below",
            homepage="https://scikit-image.org/docs/stable/api/skimage.data.html",
        ),
        _imagenette(
            "imagenette",
            "shorter side 160 pixels",
            "imagenette2-160.tgz",
            "e793b78cc4c9e9a4ccc0c1155377a412",
            99_003_388,
        ),
        _imagenette(
            "imagenette-320",
            "shorter side 320 pixels",
            "imagenette2-320.tgz",
            "3df6f0d01a2c9592104656642f5e78a3",
            341_663_724,
        ),
        _imagenette(
            "imagenette-full",
            "as they are in ImageNet",
            "imagenette2.tgz",
            "fe2fc210e6bb7c5664d602c3cd71e612",
            1_557_161_267,
        ),
    )
}


@dataclass(frozen=True)
class Photograph:
    """One picture of the scikit-image wheel. `terms` is what the scikit-image documentation says, no more."""

    name: str
    file: str
    what: str
    terms: str


_UNSTATED = "not stated in the scikit-image documentation"

PHOTOGRAPHS = {
    photograph.name: photograph
    for photograph in (
        Photograph("astronaut", "astronaut.png", "Eileen Collins (NASA)", "no known copyright restrictions"),
        Photograph("brick", "brick.png", "a brick wall (CC0Textures)", "CC0"),
        Photograph("camera", "camera.png", "a man with a camera (Lav Varshney)", "CC0"),
        Photograph("chelsea", "chelsea.png", "Chelsea the cat (Stefan van der Walt)", "CC0"),
        Photograph("coffee", "coffee.png", "a cup of coffee (Rachel Michetti)", "CC0"),
        Photograph(
            "coins",
            "coins.png",
            "Greek coins from Pompeii (Brooklyn Museum)",
            "no known copyright restrictions",
        ),
        Photograph("grass", "grass.png", "grass (linolafett, DeviantArt)", "CC0"),
        Photograph("gravel", "gravel.png", "gravel (CC0Textures)", "CC0"),
        Photograph("hubble", "hubble_deep_field.jpg", "Hubble eXtreme Deep Field (NASA)", "public domain"),
        Photograph(
            "tissue",
            "ihc.png",
            "stained glands of the colon (Center for Microscopy and Molecular Imaging)",
            "no known copyright restrictions",
        ),
        Photograph("moon", "moon.png", "the surface of the moon", _UNSTATED),
        Photograph(
            "motorcycle", "motorcycle_left.png", "a motorcycle (Middlebury 2014 stereo benchmark)", _UNSTATED
        ),
        Photograph("page", "page.png", "a scanned page of printed text", _UNSTATED),
        Photograph("retina", "retina.jpg", "a human retina (Mikael Häggström)", "CC0"),
        Photograph("rocket", "rocket.jpg", "Falcon 9 before launch (SpaceX)", "public domain"),
        Photograph(
            "handwriting",
            "text.png",
            "handwriting on squared paper (Wikipedia)",
            "no known copyright restrictions",
        ),
        Photograph("clock", "clock_motion.png", "a clock, blurred (Stefan van der Walt)", "public domain"),
    )
}
