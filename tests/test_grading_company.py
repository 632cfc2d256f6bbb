"""What may have spoilt an answer is tried again alone; what cannot have is not."""

import pytest
from answers import EXERCISES
from lesson_files import ROOT

from course_utils.grading.judging.company import could_matter
from course_utils.grading.lessons.lesson import load_lessons

PLAIN = '''
def output_size(size, kernel):
    """How many fit."""
    return size - kernel + 1
'''
SPOILS = {
    "a setting": "def f(x):\n    torch.set_default_dtype(torch.float64)\n    return x",
    "gradients": "def f(x):\n    torch.set_grad_enabled(False)\n    return x",
    "a patch": "torch.zeros = torch.ones\ndef f(x):\n    return x",
    "a patch in a function": "def f(x):\n    torch.zeros = torch.ones\n    return x",
    "a patch by name": "def f(x):\n    setattr(torch, 'zeros', torch.ones)\n    return x",
    "a global": "def f(x):\n    global math\n    math = None\n    return x",
    "a statement": "print('here')\ndef f(x):\n    return x",
    "a name taken away": "def f(x):\n    return x\ndel torch",
    "no Python": "def f(x:\n    return x",
    "another name": "def f(x):\n    import torch as it\n    it.zeros = torch.ones\n    return x",
    "a patch of a class": "class Value:\n    pass\ndef f(x):\n    Value.made = x\n    return x",
    "a hook": "import sys\ndef f(x):\n    sys.settrace(print)\n    return x",
}
ANSWER = "def conv2d(images, weight):\n    return torch.zeros(output_size(images.shape[2], 3))"


def test_functions_that_only_compute_matter_to_nobody_who_does_not_call_them():
    assert not could_matter("def conv2d(images):\n    return images", [PLAIN, PLAIN])


def test_a_name_that_is_read_matters():
    assert could_matter(ANSWER, [PLAIN])
    assert not could_matter(ANSWER, [PLAIN.replace("output_size", "size_of_output")])


@pytest.mark.parametrize("other", SPOILS.values(), ids=SPOILS.keys())
def test_what_outlives_a_call_matters(other):
    assert could_matter("def conv2d(images):\n    return images", [other])


def test_what_is_set_on_an_argument_or_on_an_object_of_its_own_is_gone_with_the_call():
    own = "class V:\n    def __mul__(self, other):\n        out = V()\n"
    own += "        out.rule = other.grad = self.x = 1\n"
    assert not could_matter("def conv2d(images):\n    return images", [own])


@pytest.mark.parametrize("slug", sorted({name.split(".")[0] for name in EXERCISES}))
def test_the_courses_own_answers_seldom_matter(slug):
    lesson = next(each for name, each in load_lessons(ROOT).items() if name.endswith(slug))
    alone = [cell.solution for cell in lesson.answers.values()]
    spoilt = sum(could_matter(source, alone[:place]) for place, source in enumerate(alone))
    assert spoilt <= len(alone) // 3
