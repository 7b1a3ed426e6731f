"""Ops that need no gradient of their own, because they are made of others."""
