"""Pictures: decoded, brought to a size, and blank where the bytes are none."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.kinds import pictures
from tests.components.kinds.images import encoded, picture, plain

BROKEN = {
    "missing": b"",
    "text": b"no picture",
    "signature only": b"\x89PNG\r\n\x1a\n",
    "cut PNG": picture("RGB")[:-200],
    "cut JPEG": picture("RGB", (200, 160), "JPEG")[:-600],
}


@pytest.mark.parametrize(
    ("mode", "form"),
    [(m, "PNG") for m in ("L", "RGB", "RGBA", "LA", "P", "1")] + [("P", "GIF"), ("RGB", "BMP"), ("L", "BMP")],
)
def test_lossless_pictures_are_what_pillow_reads(mode, form):
    data = picture(mode, form=form)
    found = pictures.decode(tf.constant([data]), (16, 20, 3)).numpy()[0]
    rgb = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA").convert("RGB"), np.float32)
    np.testing.assert_allclose(found * 255, rgb, atol=1e-3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg(mode, options):
    data = picture(mode, form="JPEG", **options)
    found = pictures.decode(tf.constant([data]), (16, 20, 1)).numpy()[0, :, :, 0]
    grey = np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float32)
    np.testing.assert_allclose(found * 255, grey, atol=2.5)  # two decoders of JPEG may round differently


def test_grey_has_the_weights_of_bt601_and_three_equal_channels():
    red = plain((255, 0, 0), mode="RGB")
    assert pictures.decode(tf.constant([red]), (4, 4, 1)).numpy().max() == pytest.approx(0.299, abs=2e-3)
    colour = pictures.decode(tf.constant([plain(51)]), (4, 4, 3)).numpy()
    np.testing.assert_allclose(colour, 0.2, atol=1e-6)


def test_the_first_frame_of_an_animation():
    data = encoded(Image.new("L", (9, 9), 0), "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 255)])
    assert not pictures.decode(tf.constant([data]), (9, 9, 1)).numpy().any()


def test_smaller_sizes_are_averaged_and_stay_in_range():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::4] = 255  # every fourth column: plain sampling would see all of them or none
    found = pictures.decode(tf.constant([encoded(Image.fromarray(stripes))]), (16, 8, 1)).numpy()
    assert found.shape == (1, 16, 8, 1)
    np.testing.assert_allclose(found[:, :, 1:-1], 0.25, atol=0.05)
    assert found.min() >= 0
    assert found.max() <= 1


def test_broken_pictures_are_blank_and_spare_the_others():
    data = [*BROKEN.values(), plain(255)]
    found, known = pictures.decode_known(tf.constant(data), (8, 8, 3))
    assert known.numpy().tolist() == [False] * len(BROKEN) + [True]
    assert not found.numpy()[:-1].any()
    assert found.numpy()[-1].min() == 1
    alone, there = pictures.decode_known(tf.constant([b"no picture"]), (8, 8, 3))
    assert not alone.numpy().any()
    assert not there.numpy().any()


def test_no_rows():
    assert pictures.decode(tf.constant([], tf.string), (8, 6, 3)).shape == (0, 8, 6, 3)


def test_batches_graphs_and_exported_graphs_give_the_same_bytes(tmp_path):
    data = tf.constant([*BROKEN.values(), *(picture("RGB", (30 + i, 20), seed=i) for i in range(5))])

    def small(given):
        return pictures.decode(given, (8, 8, 1))

    module = tf.Module()
    module.decode = tf.function(small, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    tf.saved_model.save(module, str(tmp_path / "model"))
    loaded = tf.saved_model.load(str(tmp_path / "model")).decode
    whole = small(data).numpy().tobytes()
    assert whole == module.decode(data).numpy().tobytes() == loaded(data).numpy().tobytes()
    assert whole == b"".join(loaded(data[i : i + 1]).numpy().tobytes() for i in range(len(data)))
    batches = tf.data.Dataset.from_tensor_slices(data).batch(3).map(loaded)
    assert whole == b"".join(b.numpy().tobytes() for b in batches)
