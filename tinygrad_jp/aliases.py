"""Other names of the same functions, as NumPy and PyTorch have them. One line each."""
