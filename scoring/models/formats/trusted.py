"""The classes in model files that are loaded without being asked about: scikit-learn's own, kept by hand.

skops lists scikit-learn's public classes itself; these are the parts that its estimators are made of. None of them
runs code that a file brings: they hold numbers, texts, arrays and each other. A test fits scikit-learn's estimators and
finds which parts a file asks for. Not here: functions that a file could name as it likes, such as those of metrics.
"""

SCIKIT_LEARN = (
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.impute._iterative.IterativeImputer",
    "sklearn.impute._iterative._ImputerTriplet",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)

# HistGradientBoosting keeps a check of its numbers as a partial function. skops looks at the function inside of a
# partial by itself, so trusting these two trusts exactly that check.
HIST_GRADIENT_BOOSTING = ("functools.partial", "sklearn.utils.validation.check_array")

TRUSTED = SCIKIT_LEARN + HIST_GRADIENT_BOOSTING
