"""Gradients and other derivatives of functions: a function in, a function out.

`gradient.py` for one number as the result, `products.py` forward and backward along a
direction, `jacobian.py` for whole matrices, `checkpoint.py` to save memory. All of them
are made of `recording.py`, and nest to any depth.
"""
