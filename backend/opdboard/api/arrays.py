"""Numeric arrays in JSON: base64 of little-endian bytes, in the notation that Plotly reads."""

import base64

import numpy as np
from pydantic import BaseModel, Field


class TypedArray(BaseModel):
    """Numbers as base64: decode bdata, read it as dtype (f8, f4, i4, ... little-endian), shape it when a shape is given."""

    dtype: str = Field(description="f8, f4, i4, ...: kind and bytes of one number.")
    bdata: str = Field(description="base64 of the numbers' little-endian bytes.")
    shape: str | None = Field(
        default=None, description="Sizes of the axes, comma-separated, for arrays with more than one."
    )


def encode(array: np.ndarray, dtype: str = "f8") -> TypedArray:
    """The array as base64; NaN and infinities survive."""
    packed = np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<"))
    shape = ", ".join(str(size) for size in packed.shape) if packed.ndim > 1 else None
    return TypedArray(dtype=dtype, bdata=base64.b64encode(packed.tobytes()).decode("ascii"), shape=shape)


def decode(array: TypedArray) -> np.ndarray:
    """The array again."""
    flat = np.frombuffer(base64.b64decode(array.bdata), f"<{array.dtype}")
    return flat.reshape([int(size) for size in array.shape.split(",")]) if array.shape else flat
