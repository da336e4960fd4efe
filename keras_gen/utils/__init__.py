"""Small tools: sheets of images, files written whole."""

from keras_gen.utils.files import replacing
from keras_gen.utils.image_grid import image_grid, save_image_grid, save_png

__all__ = ["image_grid", "replacing", "save_image_grid", "save_png"]
