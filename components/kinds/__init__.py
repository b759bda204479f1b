"""How values of each kind become numbers or tokens: pure TensorFlow functions, and the rules by which kinds are recognised.

Every function gives the same bytes for a row eagerly, in a graph, and in any batch.
"""
