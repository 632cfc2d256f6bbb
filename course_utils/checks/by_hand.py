"""Names of ready-made answers that several exercises ask to write by hand."""

from __future__ import annotations

CONVOLUTIONS = (
    *("conv1d", "conv2d", "conv3d", "Conv1d", "Conv2d", "Conv3d", "convolution"),
    *(
        "conv_transpose2d",
        "ConvTranspose2d",
        "correlate",
        "correlate2d",
        "convolve",
        "convolve2d",
        "fftconvolve",
    ),
)
TRANSPOSED = ("conv_transpose2d", "ConvTranspose2d", "conv2d_input", "convolution_backward")
AUTOGRAD = ("autograd", "grad", "backward", "requires_grad_", "jacobian", "jacrev", "jacfwd", "vjp", "jvp")
LIKELIHOODS = ("nll_loss", "NLLLoss", "cross_entropy", "CrossEntropyLoss")
BINARY = (
    *("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", "binary_cross_entropy", "BCELoss"),
    *("soft_margin_loss", "multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss"),
)
