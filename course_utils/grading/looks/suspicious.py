"""Names that no honest answer of this course needs. To find one is a reason to look, never a verdict."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES = _names(
    "_ctypes _thread asyncio atexit builtins cffi code codeop concurrent ctypes dis faulthandler fcntl gc "
    "http httpx importlib inspect io IPython linecache marshal mmap multiprocessing nbformat os pdb pickle "
    "pkgutil posix pty requests resource runpy select shutil signal site socket subprocess sysconfig "
    "tempfile threading traceback types urllib weakref zipimport "
    "course_utils.checks course_utils.grading course_utils.authoring course_utils.scenes course_utils.worker "
    "solutions "
    "torch.utils.cpp_extension torch.overrides torch.multiprocessing torch.distributed"
)
SYS_HARMLESS = frozenset({"maxsize", "float_info", "version_info"})
# Members of frames, functions and types by which code reaches what it was not given.
ATTRIBUTES = _names(
    "__base__ __bases__ __builtins__ __closure__ __code__ __defaults__ __dict__ __globals__ __loader__ "
    "__mro__ __reduce__ __reduce_ex__ __self__ __spec__ __subclasses__ __wrapped__ _getframe ag_frame "
    "cr_frame f_back f_builtins f_globals f_locals gi_frame meta_path path_hooks setprofile settrace "
    "tb_frame tb_next func_globals mro"
)
FUNCTIONS = _names(
    "__import__ __builtins__ __loader__ __spec__ breakpoint compile delattr eval exec get_ipython globals "
    "input locals open vars"
)
# Methods by which an object can lie about itself.
METHODS = _names(
    "__array__ __array_function__ __array_ufunc__ __bool__ __class__ __class_getitem__ __complex__ __del__ "
    "__dlpack__ __eq__ __float__ __ge__ __getattr__ __getattribute__ __getstate__ __gt__ __hash__ __index__ "
    "__instancecheck__ __int__ __le__ __lt__ __ne__ __reduce__ __reduce_ex__ __setstate__ "
    "__subclasscheck__ __torch_dispatch__ __torch_function__ state_dict"
)
# Where a change would reach beyond the answer; what the answer itself imports is added to them.
PATCHED = frozenset({"torch", "F", "nn", "np", "math", "copy", "builtins", "training", "models", "Batches"})
BUILTINS_TAKEN_OVER = _names(
    "__build_class__ __import__ abs all any bool dict float getattr hash int isinstance issubclass len list "
    "object open print property repr round setattr str super tuple type"
)
