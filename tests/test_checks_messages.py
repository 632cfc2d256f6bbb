"""What learners read, word for word: the texts are part of the course."""

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks import Case, CheckFailed, Checks, FunctionExercise, Misconception, NotAttempted

FLIPPED = "Your kernel is flipped: this is the true convolution."
IMAGES = torch.arange(1 * 2 * 3 * 3.0).reshape(1, 2, 3, 3)
WEIGHT = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]).reshape(1, 2, 2, 2)


def cases(rng):
    return [
        Case((IMAGES, WEIGHT), {"stride": 1}, "nothing special"),
        Case((IMAGES, WEIGHT), {"stride": 2}),
        Case((IMAGES, torch.ones(1, 2, 2, 2)), {"stride": 1}, "a kernel that hides the flip"),
    ]


def flipped(images, weight, stride=1):
    return F.conv2d(images, weight.flip(2, 3), stride=stride)


@pytest.fixture
def check():
    exercise = FunctionExercise(
        name="conv2d",
        points=3,
        minutes=15,
        oracle=F.conv2d,
        cases=cases,
        see="Convolution or cross-correlation?",
        hints=("Write the output size first.", "Loop over the output."),
        misconceptions=(Misconception("kernel flipped", flipped, FLIPPED),),
    )
    return Checks("02_convolution", [exercise])


def text_of(check, answer, kind=CheckFailed):
    with pytest.raises(kind) as caught:
        check.conv2d(answer)
    assert type(caught.value) is kind
    return str(caught.value)


def test_a_known_mistake(check):
    assert text_of(check, flipped) == (
        "conv2d: 1 of 3 cases\n"
        "  conv2d(images (1, 2, 3, 3), weight (1, 2, 2, 2), stride=1)    # nothing special\n"
        "    expected[0, 0, 0]   26.000  29.000\n"
        "    yours   [0, 0, 0]   22.000  25.000\n"
        f"  {FLIPPED}\n"
        "  See 'Convolution or cross-correlation?' in the lesson. Stuck? check.conv2d.hint()"
    )


def test_right(check, capsys):
    assert check.conv2d(F.conv2d) is None
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("conv2d: all 3 cases right, 3 points\n", "")


def test_a_stub(check):
    def conv2d(images, weight, stride=1):
        raise NotImplementedError

    assert text_of(check, conv2d, NotAttempted) == (
        "conv2d: not attempted yet.\n"
        "  Replace `raise NotImplementedError` in the cell above, run it, then run this one.\n"
        "  Stuck? check.conv2d.hint()"
    )


def test_a_stub_that_the_answer_calls(check):
    def output_size(*numbers):
        raise NotImplementedError

    def conv2d(images, weight, stride=1):
        return output_size(3, 2)

    text = text_of(check, conv2d, NotAttempted)
    assert "waiting for `output_size`, which is not written yet" in text


def test_pytorchs_own_not_implemented_is_a_mistake_like_others(check):
    def conv2d(images, weight, stride=1):
        raise NotImplementedError("no kernel for this dtype")

    assert "raised NotImplementedError: no kernel for this dtype" in text_of(check, conv2d)


def test_an_exception_names_the_learners_line(check):
    def conv2d(images, weight, stride=1):
        return images @ weight.no_such_thing

    text = text_of(check, conv2d)
    assert "raised AttributeError" in text
    assert "no_such_thing" in text.splitlines()[3]


def test_renamed_options(check):
    text = text_of(check, lambda images, weight, step=1: F.conv2d(images, weight, stride=step))
    assert "The check calls it as above: keep the stub's arguments, names and defaults." in text


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (lambda *a, **k: None, "Your function returned None: is there a `return` at its end?"),
        (lambda *a, **k: "0.5", "Expected a tensor, got a str."),
        (lambda *a, **k: F.conv2d(*a, **k)[0], "The shape should be (1, 1, 2, 2), yours is (1, 2, 2)."),
        (lambda *a, **k: 2 * F.conv2d(*a, **k), "Every number is 2 times the right one."),
        (lambda *a, **k: -F.conv2d(*a, **k), "Every number has the right size and the wrong sign."),
    ],
)
def test_what_the_numbers_alone_tell(check, answer, sentence):
    assert sentence in text_of(check, answer)


def test_two_mistakes_at_once_name_the_one_that_is_seen(check):
    def conv2d(images, weight, stride=1):
        return flipped(images, weight) if stride == 1 else F.conv2d(images, weight, stride=stride) + 1

    text = text_of(check, conv2d)
    said = f"On this call you get exactly what this mistake gives: {FLIPPED}"
    assert said in " ".join(text.split())


def test_called_instead_of_passed(check):
    text = text_of(check, F.conv2d(IMAGES, WEIGHT))
    assert "Pass the function itself, without calling it: check.conv2d(conv2d)" in text


def test_the_notebook_shows_the_text_and_nothing_of_ours(check):
    with pytest.raises(CheckFailed) as caught:
        check.conv2d(flipped)
    assert "\n".join(caught.value._render_traceback_()) == str(caught.value)


def test_no_warning_reaches_the_learner(check, recwarn):
    for answer in (flipped, lambda *a, **k: torch.tensor(1.0), lambda *a, **k: F.conv2d(*a, **k)[None]):
        text_of(check, answer)
    assert not recwarn.list


def test_hints_come_one_at_a_time(check, capsys):
    for _ in range(3):
        check.conv2d.hint()
    assert capsys.readouterr().out == (
        "Hint 1 of 2: Write the output size first.\n"
        "Hint 2 of 2: Loop over the output.\n"
        "Hint 1 of 2: Write the output size first.\n"
        "Hint 2 of 2: Loop over the output.\n"
    )


def test_progress(check, capsys):
    check.progress()
    text_of(check, flipped)
    check.progress()
    check.conv2d(F.conv2d)
    check.progress()
    assert capsys.readouterr().out == (
        "02_convolution: 0 of 1 exercises, 0 of 3 points\n"
        "  open    conv2d  3 points\n"
        "02_convolution: 0 of 1 exercises, 0 of 3 points\n"
        "  tried   conv2d  3 points\n"
        "conv2d: all 3 cases right, 3 points\n"
        "02_convolution: 1 of 1 exercises, 3 of 3 points\n"
        "  solved  conv2d  3 points\n"
    )


def test_an_exercise_that_does_not_exist(check):
    with pytest.raises(AttributeError, match="02_convolution has no exercise 'conv3d'; it has conv2d"):
        _ = check.conv3d


def test_two_exercises_of_one_name(check):
    (exercise,) = check.exercises.values()
    with pytest.raises(ValueError, match="the exercise name 'conv2d' is taken"):
        Checks("02_convolution", [exercise, exercise])
