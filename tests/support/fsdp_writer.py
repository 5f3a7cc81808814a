"""Shards as FSDP2 leaves them: real processes, a real process group, torch.save of each rank's own state dict."""

import os
import socket
from pathlib import Path

import torch
import torch.multiprocessing
from torch import Tensor, nn

WORLD = 2


def write_shards(folder: Path, tensors: dict[str, Tensor]) -> None:
    """Below folder: `rows`, as fully_shard cuts them; `columns`, cut along dimension 1 on a 2-D mesh; one file per rank."""
    for name in ("rows", "columns"):
        (folder / name).mkdir(parents=True)
    torch.save(tensors, folder / "whole.pt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(_write, args=(folder, port), nprocs=WORLD)  # pyright: ignore[reportPrivateImportUsage]


def _write(rank: int, folder: Path, port: int) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=WORLD)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor

    tensors = torch.load(folder / "whole.pt", weights_only=True)
    file = f"model_world_size_{WORLD}_rank_{rank}.pt"
    model = _module(tensors)
    fully_shard(model, mesh=init_device_mesh("cpu", (WORLD,), mesh_dim_names=("fsdp",)))
    torch.save(model.state_dict(), folder / "rows" / file)
    mesh = init_device_mesh("cpu", (1, WORLD), mesh_dim_names=("ddp", "fsdp"))
    columns = {
        name: distribute_tensor(tensor, mesh, [Replicate(), Shard(1)]) if tensor.dim() > 1 else tensor
        for name, tensor in tensors.items()
    }
    torch.save(columns, folder / "columns" / file)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _module(tensors: dict[str, Tensor]) -> nn.Module:
    """Modules whose state dict has these names."""
    root = nn.Module()
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        module = root
        for part in path:
            if part not in dict(module.named_children()):
                module.add_module(part, nn.Module())
            module = module.get_submodule(part)
        module.register_parameter(leaf, nn.Parameter(tensor))
    return root
