"""Helpers of the course From Convolution to ImageNet: what a lesson would be distracted by, and what it has built."""
