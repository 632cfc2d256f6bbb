"""The photographs that the figures show when none is given: they come with scikit-image, without network."""

import numpy as np

from course_utils.plots.images import to_picture

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in Pillow's conversion to grey


def grey_picture(image) -> np.ndarray:
    """(H, W) grey values in [0, 1] from a photograph in any form that `show_image` takes."""
    picture = to_picture(image)
    return picture @ LUMA if picture.ndim == 3 else picture


def shrink(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Area average of a grey picture (H, W) in [0, 1] to (height, width)."""
    from PIL import Image

    small = Image.fromarray(picture.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    return np.clip(np.asarray(small, dtype=float), 0, 1)


def at_most(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture itself, or shrunk so that its longer side has `longest` pixels."""
    height, width = picture.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    return shrink(picture, max(1, round(height * scale)), max(1, round(width * scale)))


def cat_eye() -> np.ndarray:
    """An eye of Chelsea the cat, (14, 18), from black to white: large shapes that can still be recognised."""
    import skimage.data

    eye = shrink(grey_picture(skimage.data.chelsea())[90:150, 130:208], 14, 18)
    return (eye - eye.min()) / (eye.max() - eye.min())


def cat() -> np.ndarray:
    """Chelsea the cat, (128, 160)."""
    import skimage.data

    return shrink(grey_picture(skimage.data.chelsea())[0:300, 50:425], 128, 160)
