"""Helpers of the course From Convolution to ImageNet: what would distract a lesson, and what it has built."""
