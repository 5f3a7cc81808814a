"""Singular values and leading subspaces of weight updates dW = U S V^T, without a full SVD (docs/decisions/0010).

`panel` is the door: all measures (`measures`) of an update, by way of its Gram matrix (`gram`), whose leading eigenvectors
come from block Krylov iteration (`krylov`) and whose spectral density from Lanczos quadrature (`lanczos`); `entropy` bounds
what rounding does to an effective rank, `subspace` tells how well two updates' directions agree. `reference` is all of it in
ten lines, by a full SVD.
"""
