"""Weights come back as they were written, and anything else is told in one line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.model.safetensors import read_tensors, write_tensors

shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
dtypes = st.sampled_from([np.float32, np.float64, np.int32, np.int64])
arrays = st.builds(lambda s, d: np.arange(np.prod(s, dtype=int)).reshape(s).astype(d), shapes, dtypes)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), arrays, max_size=5))
def test_arrays_come_back_as_they_were(tmp_path_factory, tensors):
    tensors.pop("__metadata__", None)
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    write_tensors(path, tensors, {"seed": "3", "data": "ünï"})
    found, about = read_tensors(path)
    assert about == {"seed": "3", "data": "ünï"}
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


@given(st.one_of(st.binary(max_size=60), st.integers(0, 100)))
def test_what_is_no_such_file_is_told(tmp_path_factory, damage):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    write_tensors(path, {"a": np.arange(6.0)}, {})
    whole = path.read_bytes()
    path.write_bytes(damage if isinstance(damage, bytes) else whole[: min(damage, len(whole) - 1)])
    with pytest.raises(InputError, match=r"is no safetensors file \(.*\); give one this program wrote"):
        read_tensors(path)


def test_a_header_that_points_outside_the_file_is_told(tmp_path):
    path = tmp_path / "w.safetensors"
    write_tensors(path, {"a": np.arange(6.0)}, {})
    path.write_bytes(path.read_bytes().replace(b'"shape": [6]', b'"shape": [7]'))
    with pytest.raises(InputError, match="the place of a is wrong"):
        read_tensors(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_tensors(tmp_path / "none")
