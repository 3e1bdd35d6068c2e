"""Files of models in, loaded models out: one module for each kind of file, none of them a pickle."""
