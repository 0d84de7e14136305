"""Images are read from idx and JPEG files, what is no image is refused, and missing data are asked for."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiment_runs import command, module


def test_images_are_read_as_idx_files_and_others_are_refused(tmp_path):
    data, rng = module("images.data"), np.random.default_rng(0)
    with pytest.raises(SystemExit, match="has no train-images-idx3-ubyte"):
        data.load(tmp_path)
    pixels = {part: rng.integers(0, 256, (count, 4, 3), dtype=np.uint8) for part, count in (("train", 9), ("t10k", 5))}
    for part, images in pixels.items():
        head = b"".join(int(size).to_bytes(4, "big") for size in images.shape)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(bytes((0, 0, 8, 3)) + head + images.tobytes())
        classes = bytes(range(len(images)))
        packed = gzip.compress(bytes((0, 0, 8, 1)) + len(images).to_bytes(4, "big") + classes)
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(packed)
    found = data.load(tmp_path)
    assert found.pixels == 12 and found.test[1].tolist() == [0, 1, 2, 3, 4]
    train = pixels["train"].astype(float)
    want = (pixels["t10k"] - train.mean()) / train.std(ddof=1)
    assert np.allclose(found.test[0][:, 0].numpy(), want, atol=1e-5)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"no idx file at all")
    with pytest.raises(SystemExit, match="is no idx file"):
        data.load(tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_images_are_read_as_jpeg_files_by_class(tmp_path, packed: bool):
    from PIL import Image

    data, folder = module("images.data"), tmp_path / "cifar"
    for part, count in (("train", 3), ("test", 2)):
        for shade, name in ((0, "cat"), (255, "ant")):
            (folder / part / name).mkdir(parents=True)
            for n in range(count):
                Image.new("RGB", (6, 5), (shade, n, 0)).save(folder / part / name / f"{n}.jpg")
    where = folder
    if packed:
        where = Path(shutil.make_archive(str(tmp_path / "cifar10"), "zip", folder))
    found = data.load(where)
    assert found.train[0].shape == (6, 3, 5, 6) and found.test[1].tolist() == [0, 0, 1, 1]
    assert bool((found.test[0][:2, 0] > found.test[0][2:, 0]).all())
    assert module("images.run").set_of(where) == "CIFAR-10"
    (folder / "test" / "ant" / "0.jpg").write_bytes(b"no image")
    with pytest.raises(SystemExit, match="no JPEG image"):
        data.load(folder)


def test_images_say_which_data_they_need(tmp_path):
    with pytest.raises(SystemExit, match="images needs --data PATH"):
        command("images", "--out", str(tmp_path))
