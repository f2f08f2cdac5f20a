"""Weights come back as they were written, and anything else is told in one line."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

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
    path.write_bytes(path.read_bytes().replace(b'"shape":[6]', b'"shape":[7]'))
    with pytest.raises(InputError, match="is no safetensors file"):
        read_tensors(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_tensors(tmp_path / "none")


@pytest.mark.parametrize("about", [[], {"format": 3}, "words"])
def test_words_that_are_none_are_told(tmp_path, about):
    path = tmp_path / "w.safetensors"
    header = json.dumps({"__metadata__": about}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(InputError, match="is no safetensors file"):
        read_tensors(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_neither_written_nor_read(tmp_path, value):
    path = tmp_path / "w.safetensors"
    with pytest.raises(ValueError, match="a is not finite"):
        write_tensors(path, {"a": np.array([1.0, value])}, {})
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(save({"a": np.array([1.0, value])}))
    with pytest.raises(InputError, match="no finite numbers"):
        read_tensors(path)
