"""Films to tell, and what is said in them."""

import tinygrad_jp as tg
from tinygrad_jp import Tensor
from tinygrad_jp.draw.basics import Options
from tinygrad_jp.draw.build import pictures_of
from tinygrad_jp.draw.film.story import story_of
from tinygrad_jp.draw.film.telling import steps_of


def number(name, value):
    return Tensor(value, requires_grad=True, name=name)


def told(*tensors, lang="en"):
    """The steps of a film, by title: headings and the texts beneath them."""
    steps = steps_of(story_of(pictures_of(tensors, Options())), lang)
    return {
        step.title: {
            section.head: [line.text for line in section.lines] + section.table
            for section in step.sections
        }
        for step in steps
    }


def apple():
    count, price = number("りんごの個数", 2.0), number("りんごの値段", 100.0)
    return count * price * number("消費税", 1.1)


def two_ways():
    x = number("x", 0.5)
    h = x * 2.0
    h.name = "h"
    return tg.exp(h) + h * h
