"""One group of matrices measured once: spectra, certainty, subspaces and their alignment; for trainer, imports and plug-ins."""
