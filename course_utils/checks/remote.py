"""An answer that lives in another process: the same exercise judges it, and none of its code runs here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AnswerLost(Exception):
    """The process of the answer is gone or has broken its rules: no exception of the answer's own.

    Raised by a Remote and passed on by every check, for whoever grades to say what became of it.
    """


class Remote:
    """A stand-in for one answer, called like the function it stands for.

    Whoever grades derives from it. What comes back is plain data that the answer's process sent (numbers, texts,
    tensors, arrays, tuples, lists, dictionaries) or an exception of a built-in type, which may carry
    `course_where` ("line 4 of conv2d: return x @ w", the learner's own line) and `course_raised_in` (the name of
    the function whose body raised). `__signature__`, where there is one, tells the learner's argument names.
    """

    def ask(
        self, args: tuple, kwargs: Mapping[str, Any], seed: int, echo: bool
    ) -> tuple[Any, tuple, Mapping[str, Any]]:
        """Call the answer there, its random numbers drawn from `seed`: (value, args, kwargs).

        The last two are the inputs as they are after the call where `echo` asks for them; otherwise those sent.

        Raises:
            AnswerLost: the process did not answer. Any other exception is the answer's own.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how the answer is called")

    def play(self, scene: str, args: tuple, kwargs: Mapping[str, Any], seed: int) -> Any:
        """Let the answer act in a scene, "course_utils.scenes.module:function"; the raw data that it returns.

        The function is called there as `function(answer, *args, **kwargs)`. Raises as `ask` does.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how a scene is played")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.ask(args, kwargs, seed=0, echo=False)[0]


def name_of(scene: Any) -> str:
    """How a scene's function is called where it is played: "course_utils.scenes.first_cnn:take_steps"."""
    return f"{scene.__module__}:{scene.__qualname__}"
