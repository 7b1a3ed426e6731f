"""Containers: taken apart, put together, named."""

from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_jp import Tensor, tree


class Line(NamedTuple):
    slope: Any
    offset: Any


class Leaf:
    """Something that is no container."""


def trees():
    """Trees with leaves, None and every kind of container, empty ones too."""
    keys = st.text(max_size=3) | st.integers()
    return st.recursive(
        st.builds(Leaf) | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.builds(Line, inner, inner)
            | st.dictionaries(keys, inner, max_size=3)
        ),
        max_leaves=12,
    )


def follow(value, path):
    """What a path leads to, if "it" is the value."""
    return eval(path, {"it": value})


@given(trees())
@settings(max_examples=60)
def test_what_is_taken_apart_and_put_together_is_the_same(value):
    found = tree.leaves(value)
    again = tree.rebuild(value, found)
    assert repr(again) == repr(value)  # kinds of containers, order of keys
    assert all(isinstance(leaf, Leaf) for leaf in found)
    if tree.is_container(value):
        assert again is not value or value == ()


@given(trees())
@settings(max_examples=60)
def test_a_path_leads_to_its_leaf(value):
    found = tree.paths(value, "it")
    assert [follow(value, path) for path in found] == tree.leaves(value)


@given(trees())
@settings(max_examples=60)
def test_a_tree_of_the_same_build_has_its_leaves_in_the_same_order(value):
    other = shuffled(value)
    assert tree.leaves_like(value, other, "it") == tree.leaves(value)


def shuffled(value):
    """The same with keys in reverse order, and lists for tuples."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    if isinstance(value, (tuple, list)):
        return [shuffled(part) for part in value]
    return value


def test_paths_read_as_one_would_write_them():
    value = {"layer1": [1.0, np.ones(2)], 3: Line(1.0, None), 'a"b': 1.0, "\n": 1.0}
    assert tree.paths(value, "params") == [
        'params["layer1"][0]',
        'params["layer1"][1]',
        "params[3].slope",
        "params['a\"b']",
        "params['\\n']",
    ]


def test_a_list_of_numbers_is_one_array():
    for numbers in (
        [1.0, 2.0],
        (1, 2.5),
        [[1.0], [2.0]],
        [np.float32(1.0), True],
        [[1.0, 2.0], [3.0]],
    ):
        assert not tree.is_container(numbers)
        assert tree.leaves(numbers)[0] is numbers
    for container in ([Tensor(1.0)], [1.0, np.ones(2)], [], {}, Line(1.0, 2.0), [None]):
        assert tree.is_container(container)


def test_subclasses_of_dict_stay_what_they_are():
    counted = defaultdict(list, a=Leaf())
    ordered = OrderedDict(b=Leaf(), a=Leaf())
    new = tree.rebuild([counted, ordered], [1.5, Leaf(), Leaf()])
    assert type(new[0]) is defaultdict
    assert new[0]["a"] == 1.5
    assert new[0]["unknown"] == []
    assert type(new[1]) is OrderedDict
    assert list(new[1]) == ["b", "a"]
    assert counted["a"] != 1.5


@pytest.mark.parametrize(
    ("needed", "came", "message"),
    [
        ({"a": 1.0}, [1.0], r'it must be a dict with the keys "a", got a list of le'),
        ({"a": 1.0}, {"b": 1.0}, 'it must be a dict with the keys "a", got a dict wi'),
        ({}, [np.ones(1)], "a dict with the keys none"),
        ({"a": [Leaf(), Leaf()]}, {"a": (1.0,)}, r'it\["a"\] must be a list of len'),
        (Line(Leaf(), None), (1.0, 2.0), "it.offset must be None, got a float"),
        ([Leaf()], [None], r"it\[0\] must be a Leaf, got None"),
        ([Leaf()], [{}], r"it\[0\] must be a Leaf, got a dict"),
    ],
)
def test_another_build_is_named_by_its_place(needed, came, message):
    with pytest.raises(TypeError, match=message):
        tree.leaves_like(needed, came, "it")
