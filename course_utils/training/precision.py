"""Which numbers to compute in: what the device is fast at. Explained in lesson 13.

P. Micikevicius et al.: Mixed Precision Training. ICLR 2018.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Precision:
    """The dtype of convolutions and matrix products; weights, losses and sums stay in float32."""

    name: str
    device_type: str

    def autocast(self) -> AbstractContextManager:
        """Inside, torch computes in this precision where that is safe."""
        if self.name == "float32":
            return nullcontext()
        return torch.autocast(self.device_type, dtype=DTYPES[self.name])

    @property
    def needs_scaling(self) -> bool:
        """float16 knows nothing between 0 and 6·10⁻⁸: small gradients would be 0 with the loss as it is."""
        return self.name == "float16"


def choose_precision(wanted: str, device: torch.device) -> Precision:
    """The precision `wanted`, or for "auto" the fast one of `device`.

    bfloat16 on NVIDIA's Ampere (compute capability 8.0) and newer; float16 on Volta and Turing (7.x), which
    have matrix units for it alone; bfloat16 on CPUs with instructions for it, for without them torch imitates
    it, many times slower than float32; float32 everywhere else.

    Raises:
        ValueError: float16 is wanted on a device that is not a CUDA GPU.
    """
    if wanted == "float16" and device.type != "cuda":
        raise ValueError(
            f"precision='float16' needs a CUDA GPU, and this runs on {device}: "
            "take 'bfloat16', 'float32' or 'auto'"
        )
    return Precision(_fast_on(device) if wanted == "auto" else wanted, device.type)


def _fast_on(device: torch.device) -> str:
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        return "bfloat16" if capability >= (8, 0) else "float16" if capability >= (7, 0) else "float32"
    if device.type == "cpu" and cpu_has_bfloat16():
        return "bfloat16"
    return "float32"


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware: AVX-512 BF16 or AMX.

    `torch.backends.mkldnn` also says yes where it only imitates. `torch.cpu.get_capabilities` asks the
    processor; versions of torch without it count as no, which is slower but never wrong.
    """
    if not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
