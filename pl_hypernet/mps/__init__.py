"""Matrix product states: how they are made of a circuit, and what can be asked of them."""

from pl_hypernet.mps import layered_form as layered_form  # each closed form registers itself
