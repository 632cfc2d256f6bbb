"""The codec: data goes over and back exactly, everything else becomes inert or is refused."""

import base64
import collections
import math
import pickle

import numpy as np
import pytest
import torch

from course_utils.worker import frames
from course_utils.worker.codec import CodecError, Foreign, decode, encode
from course_utils.worker.errors import TooMuch


def there_and_back(value, **options):
    return decode(frames.unpacked(frames.packed(encode(value, **options))[4:]), **options)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 2**53, 2**53 + 1, -(2**4000), "", "Σ \x00", 1j, complex(-0.0, math.inf)),
        *(0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf),
        *([], (), {}, [1, (2.0, ["x"])], {"a": 1, 2: "b", None: 3.5, True: 4, (1, "x"): [5]}),
    ],
    ids=repr,
)
def test_plain_values_come_back_exactly(value):
    back = there_and_back(value)
    assert repr(back) == repr(value) and type(back) is type(value)


def test_nan_comes_back():
    assert math.isnan(there_and_back(math.nan))


@pytest.mark.parametrize(
    "dtype",
    [
        *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    ],
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_tensors_come_back_bit_for_bit(dtype, shape):
    tensor = (torch.rand(shape, dtype=torch.float64) * 4).to(getattr(torch, dtype))
    back = there_and_back(tensor)
    assert type(back) is torch.Tensor and back.dtype == tensor.dtype and back.shape == tensor.shape
    assert torch.equal(back.to(torch.complex128), tensor.to(torch.complex128))


def test_gradients_are_asked_for_as_before():
    leaf = torch.ones(2, requires_grad=True)
    assert there_and_back(leaf).requires_grad and there_and_back(leaf * 2).requires_grad
    assert not there_and_back(torch.ones(2)).requires_grad
    weight = there_and_back(torch.nn.Parameter(torch.ones(2)))
    assert type(weight) is torch.nn.Parameter and weight.requires_grad


def test_the_lay_out_of_an_argument_is_kept_for_the_worker():
    views = [
        torch.randn(3, 4).T,
        torch.randn(6)[::2],
        torch.randn(1).expand(3, 2),
        torch.randn(2, 3, 4, 5)[:, 1],
    ]
    views.append(torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last))
    for view in views:
        back = there_and_back(view, strides=True)
        assert back.stride() == view.stride() and torch.equal(back, view)


def test_views_of_conjugates_and_negatives_are_what_they_show():
    numbers = torch.randn(3, dtype=torch.complex64)
    assert torch.equal(there_and_back(numbers.conj()), numbers.conj().clone())
    assert torch.equal(there_and_back(numbers.conj().imag), numbers.conj().imag.clone())


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float64", "complex64", ">f4"]
)
def test_arrays_and_scalars_keep_their_exact_type(dtype):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    back = there_and_back(array.T)
    assert (
        type(back) is np.ndarray and back.dtype == array.dtype.newbyteorder("=") and (back == array.T).all()
    )
    scalar = there_and_back(array[1, 1])
    assert type(scalar) is type(array[1, 1]) and scalar == array[1, 1]


def test_a_subclass_of_float_stays_a_numpy_scalar():
    assert type(there_and_back(np.float64(0.1))) is np.float64


def test_containers_of_other_libraries_become_plain_ones():
    pair = collections.namedtuple("Pair", "a b")(1, 2)
    assert there_and_back(pair) == (1, 2) and type(there_and_back(pair)) is tuple
    assert type(there_and_back(torch.zeros(2, 3).shape)) is tuple
    assert type(there_and_back(collections.OrderedDict(a=1))) is dict


class LyingNumber(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ((item for item in []), "generator"),
        (torch.nn.Linear(1, 1), "Linear"),
        (torch.zeros(2, device="meta"), "Tensor"),
        (np.array([object()]), "ndarray"),
        (type("Text", (str,), {})("x"), "Text"),
        (type("<script>\u202e", (), {})(), "script"),
        ({1, 2}, "set"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_data_comes_back_as_the_name_of_its_type(value, name):
    back = there_and_back(value)
    assert isinstance(back, Foreign) and type(back).__name__ == name and repr(back) == f"<{name}>"


class LoudTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("asked")


class Count(int):
    def __int__(self):
        return 7

    __index__ = __abs__ = __int__


@pytest.mark.parametrize(
    ("made", "plain"),
    [
        (lambda: LyingNumber(1.5), 1.5),
        (lambda: Count(3), 3),
        (lambda: Count(2**60), 2**60),
        (lambda: torch.eye(2).to_sparse(), torch.eye(2)),
        (lambda: torch.eye(2).to_sparse_csr(), torch.eye(2)),
        (lambda: torch.ones(2).as_subclass(LoudTensor), torch.ones(2)),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.qint8), torch.ones(2)),
        (lambda: np.ma.array([1.0, 2.0], mask=[0, 1]), np.array([1.0, 2.0])),
        (lambda: np.array([[1, 2]]).view(np.matrix), np.array([[1, 2]])),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch calls two of these layouts young or old
def test_numbers_of_a_class_of_their_own_come_back_plain(made, plain):
    back = there_and_back(made())
    assert type(back) is type(plain)
    assert (np.asarray(back) == np.asarray(plain)).all() and np.shape(back) == np.shape(plain)


def test_a_huge_sparse_tensor_is_not_made_dense():
    huge = torch.sparse_coo_tensor([[0]], [1.0], (10**9,), check_invariants=True)
    with pytest.raises(TooMuch):
        encode(huge)


@pytest.mark.parametrize(
    ("one", "most"),
    [(object(), 100), (ValueError("x"), 100), (torch.zeros(1), 2000), (np.zeros(1), 2000)],
    ids=lambda value: type(value).__name__,
)
def test_a_reply_holds_only_so_much_of_what_is_dear_to_read(one, most):
    data = encode([one] * (most + 1))
    assert len(decode(data, strides=True)) == most + 1  # the judge's own questions are not counted
    with pytest.raises(CodecError, match=f"more than {most} "):
        decode(data)
    with pytest.raises(TooMuch, match=f"more than {most} "):
        encode([one] * (most + 1), strides=False)
    assert len(decode(encode([one] * most, strides=False))) == most


def raised(source, cell="conv2d"):
    try:
        exec(compile(source, f"<answer {cell}>", "exec"), {})
    except BaseException as error:
        return there_and_back(error)


def test_an_exception_says_what_and_where():
    error = raised("def f(x):\n    return x / 0\nf(1)")
    assert type(error) is ZeroDivisionError and str(error) == "division by zero"
    assert error.course_frames == (("<module>", 3, "conv2d"), ("f", 2, "conv2d"))
    assert error.course_raised_in == "f"


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("raise NotImplementedError", NotImplementedError, ""),
        ("raise KeyError('a')", KeyError, "'a'"),
        ("class Mine(ValueError): pass\nraise Mine('x')", ValueError, "x"),
        ("b'\\xff'.decode()", UnicodeError, "invalid start byte"),
        ("import sys; sys.exit('x')", SystemExit, "x"),
        ("raise KeyboardInterrupt", SystemExit, ""),
        ("raise GeneratorExit('x')", SystemExit, "x"),
        ("raise ExceptionGroup('x', [ValueError()])", Exception, "x"),
        ("raise ValueError('x' * 10**6)", ValueError, "x" * 2000),
        ("def f(): f()\nf()", RecursionError, "maximum recursion depth"),
        ("class Mute(Exception):\n def __str__(self): return 1 / 0\nraise Mute('x')", Exception, ""),
    ],
)
def test_exceptions_come_back_as_built_in_ones(source, kind, text):
    error = raised(source)
    assert type(error) is kind and text in str(error) and len(str(error)) <= 2000


def test_a_bare_exception_stays_bare():
    assert raised("raise NotImplementedError").args == ()


def test_where_the_text_cannot_be_read_is_said():
    error = raised("x = 1\ndef f(:")
    assert type(error) is SyntaxError and error.course_frames == (("<module>", 2, "conv2d"),)


def raw(size):
    return base64.b64encode(b"\x01" * size).decode()


TENSOR = {"kind": "tensor", "dtype": "float32", "shape": [2], "bytes": raw(8)}
EXCEPTION = {"kind": "exception", "type": "ValueError", "text": "x", "where": [], "raised_in": ""}


@pytest.mark.parametrize(
    "data",
    [
        *([1], 1.5, 2**60, {}, {"kind": 1}, {"kind": "pickle", "data": "gASV"}, "x" * 1_000_001),
        *({"kind": "int", "hex": text} for text in ("0x" + "f" * 1025, "12", "0x1_0", " 0x1", "0x1\n", None)),
        *(
            {"kind": "float", "text": text}
            for text in ("1e5", "0x1p99999", "infinity", "0x1.0p+9999", 1, None)
        ),
        *(
            {"kind": kind, "items": items}
            for kind in ("list", "dict")
            for items in (None, {}, [[1], 2], "ab")
        ),
        {"kind": "dict", "items": [[{"kind": "list", "items": []}, 1]]},
        {"kind": "dict", "items": [[TENSOR, 1]]},
        {"kind": "dict", "items": [[number, 0] for number in range(5000)]},
        *(
            TENSOR | {"shape": shape}
            for shape in ([3], [-2], [-1, -2], [True, 2], [2.0], "2", None, [2**62, 0])
        ),
        *(TENSOR | {"bytes": text} for text in ("", "AAAA", raw(7), raw(9), "!!!!", None, 8)),
        *(TENSOR | {"dtype": name} for name in ("object", "float", "qint8", "__class__", None, [])),
        TENSOR | {"shape": [1] * 40},
        {"kind": "array", "dtype": "object", "shape": [1], "bytes": raw(8)},
        {"kind": "scalar", "dtype": "float32", "shape": [1], "bytes": raw(4)},
        *(EXCEPTION | {"type": name} for name in ("eval", "Mine", "__import__", None, 3, "int")),
        *(EXCEPTION | {"where": where} for where in (None, [1], [["f", "1", "c"]], [["f", -1, "c"]], {})),
        EXCEPTION | {"text": 5},
        *({"kind": "foreign", "name": name} for name in ("<b>", "a b", "", "é", "x" * 61, None)),
    ],
    ids=lambda data: str(data)[:60],
)
def test_what_encode_never_gives_is_refused(data):
    with pytest.raises(CodecError):
        decode(data)


def test_depth_and_number_are_capped_both_ways():
    deep = []
    for _ in range(100):
        deep = [deep]
    data = {"kind": "list", "items": []}
    for _ in range(100):
        data = {"kind": "list", "items": [data]}
    doubled = [0]
    for _ in range(25):
        doubled = [doubled, doubled]
    with pytest.raises(CodecError):
        decode(data)
    with pytest.raises(CodecError):
        decode({"kind": "list", "items": [None] * 200_000})
    for value in (
        deep,
        doubled,
        "x" * 1_000_001,
        2**5000,
        torch.zeros(1).expand(2**40),
        {n: 0 for n in range(5000)},
    ):
        with pytest.raises(TooMuch):
            encode(value)


def test_strides_that_ask_for_memory_are_ignored_by_the_judge():
    data = TENSOR | {"strides": [10_000_000]}
    assert decode(data).stride() == (1,)
    assert decode(data, strides=True).stride() == (10_000_000,)
    for strides in ([1, 1], [-1], ["1"], None, [2**60]):
        with pytest.raises(CodecError):
            decode(TENSOR | {"strides": strides}, strides=True)


def test_booleans_are_true_or_false_whatever_their_bytes():
    for kind in ("tensor", "array"):
        value = decode(
            {"kind": kind, "dtype": "bool", "shape": [2], "bytes": base64.b64encode(b"\x02\x00").decode()}
        )
        assert value.tolist() == [True, False] and int(value.sum()) == 1


def test_half_a_surrogate_pair_can_be_written():
    decode("\ud800").encode()


def test_nothing_is_unpickled(monkeypatch):
    monkeypatch.setattr(pickle, "loads", None)
    bomb = {"kind": "array", "dtype": "O", "shape": [1], "bytes": base64.b64encode(pickle.dumps(1)).decode()}
    with pytest.raises(CodecError):
        decode(bomb)
