"""What the rest of this room finds faster, by a full SVD as the paper takes it: tests and the benchmark hold it against this."""

import torch
from torch import Tensor

from opdboard_worker.core.spectral.krylov import Subspace
from opdboard_worker.core.spectral.measures import spectral_measures


def by_full_svd(update_BMN: Tensor, k: int) -> tuple[dict[str, Tensor], Subspace]:
    """The values of `spectral_panel` and the k leading triplets, up to their signs, in the precision of the updates."""
    u_BMr, s_Br, vT_BrN = torch.linalg.svd(update_BMN, full_matrices=False)
    values = spectral_measures(s_Br) | {"update_norm": torch.linalg.vector_norm(s_Br.double(), dim=-1)}
    u_BMk, v_BNk = u_BMr[..., :k].clone(), vT_BrN[:, :k].mT.clone()  # views would hold all of U and V
    return values, Subspace(u_BMk, s_Br[:, :k], v_BNk, torch.zeros_like(s_Br[:, 0]), "svd")
