#!/usr/bin/env python3
"""Compares our logistic regression with scikit-learn's on the same features.

  scikit_learn_test.py FIT_CLASSIFIER WORK_DIR
"""

import subprocess
import sys
import unittest
from pathlib import Path

import numpy
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

FIT, WORK = sys.argv.pop(1), Path(sys.argv.pop(1))


def make_data(counts, width, seed, noise=1.0):
    """Gaussian classes with these numbers of samples, and twice as many other samples to predict."""
    random = numpy.random.default_rng(seed)
    centers = random.normal(size=(len(counts), width))
    labels = numpy.repeat(numpy.arange(len(counts)), counts)
    order = random.permutation(len(labels))
    draw = centers[labels] + noise * random.normal(size=(len(labels), width))
    others = centers[random.integers(0, len(counts), 2 * len(labels))]
    others = others + noise * random.normal(size=others.shape)
    return draw[order].astype("float32"), labels[order], others.astype("float32")


def run(features, labels, others, classes, c, penalty):
    WORK.mkdir(parents=True, exist_ok=True)
    source, target = WORK / "in.safetensors", WORK / "out.safetensors"
    save_file({"features": features, "labels": labels.astype("int64"), "others": others}, source)
    return subprocess.run([FIT, source, target, str(classes), str(c), penalty], text=True,
                          capture_output=True, check=False), target


def fit(features, labels, others, classes, c, penalty="squared"):
    done, target = run(features, labels, others, classes, c, penalty)
    assert done.returncode == 0, done.stderr
    return load_file(target)


def cross_entropies(logits, labels):
    return -log_softmax(logits, axis=1)[numpy.arange(len(labels)), labels]


class SquaredNorm(unittest.TestCase):
    def check(self, data, classes, c, iterations=100000):
        features, labels, others = data
        found = fit(features, labels, others, classes, c)
        # The tolerance is below scikit-learn's default, so that its result is the optimum.
        peer = LogisticRegression(C=c, tol=1e-12, max_iter=iterations)
        peer.fit(features.astype("float64"), labels)
        present = peer.classes_
        exact = features.astype("float64")

        def objective(weight, bias):
            if len(present) == 2:
                weight, bias = weight[1] - weight[0], bias[1] - bias[0]
                losses = numpy.logaddexp(0, -numpy.where(labels == present[1], 1, -1)
                                         * (exact @ weight + bias))
            else:
                losses = cross_entropies(exact @ weight.T + bias,
                                         numpy.searchsorted(present, labels))
            return c * losses.sum() + 0.5 * (weight**2).sum()

        weight, bias = found["weight"][present], found["bias"][present]
        if len(present) == 2:
            theirs = objective(numpy.vstack([-peer.coef_, peer.coef_]) / 2,
                               numpy.array([-peer.intercept_[0], peer.intercept_[0]]) / 2)
        else:
            theirs = objective(peer.coef_, peer.intercept_)
        ours = objective(weight, bias)
        self.assertAlmostEqual(found["objective"], ours, delta=1e-9 * ours)
        self.assertLessEqual(ours, theirs * (1 + 1e-9))
        self.assertLess(abs(ours - theirs), 1e-8 * theirs)
        exact_others = others.astype("float64")
        self.assertTrue((found["logits"].argmax(1) == peer.predict(exact_others)).all())
        probabilities = numpy.exp(log_softmax(found["logits"], axis=1))[:, present]
        difference = numpy.abs(probabilities - peer.predict_proba(exact_others)).max()
        self.assertLess(difference, 1e-3)
        self.assertAlmostEqual(bias.sum(), 0, delta=1e-6 * numpy.abs(bias).max())
        return found

    def test_balanced(self):
        for c in (0.01, 0.316, 10):
            self.check(make_data([40] * 5, 24, seed=1), 5, c)

    def test_unbalanced(self):
        self.check(make_data([200, 3, 40, 1], 12, seed=2), 4, 0.316)

    def test_two_classes(self):
        self.check(make_data([30, 90], 10, seed=3), 2, 0.5)

    def test_one_feature(self):
        self.check(make_data([20, 30, 40], 1, seed=4), 3, 1.0)

    def test_more_features_than_samples(self):
        self.check(make_data([1] * 7, 64, seed=5), 7, 0.316)

    def test_separable_with_hardly_any_penalty(self):
        self.check(make_data([10] * 3, 16, seed=6, noise=0.01), 3, 1e4)

    def test_overlapping_with_hardly_any_penalty(self):
        self.check(make_data([60] * 3, 4, seed=7, noise=2), 3, 1e6)

    def test_samples_that_are_equal(self):
        features, labels, others = make_data([9, 9, 9], 5, seed=8)
        twice = (numpy.concatenate([features, features]), numpy.concatenate([labels, labels]), others)
        found = self.check(twice, 3, 0.4)
        once = fit(features, labels, others, 3, 0.8)
        numpy.testing.assert_allclose(found["weight"], once["weight"], atol=1e-6)
        # All features are equal, so that only the shares of the labels can be learned.
        self.check((numpy.ones_like(features), labels, others), 3, 0.4)

    def test_large_features(self):
        features, labels, others = make_data([40] * 3, 16, seed=9)
        self.check((100 * features, labels, 100 * others), 3, 0.316)

    def test_a_class_without_samples_is_never_predicted(self):
        features, labels, others = make_data([20, 20, 20], 6, seed=10)
        labels = numpy.array([1, 3, 4])[labels]
        found = self.check((features, labels, others), 6, 0.3)
        self.assertTrue((found["bias"][[0, 2, 5]] == -numpy.inf).all())
        self.assertTrue((found["weight"][[0, 2, 5]] == 0).all())
        self.assertFalse(numpy.isin(found["logits"].argmax(1), [0, 2, 5]).any())


class Norm(unittest.TestCase):
    """Mean cross-entropy + |W| / (2 C). SciPy finds its optimum if |W| is not zero there."""

    def check(self, data, classes, c):
        features, labels, others = data
        found = fit(features, labels, others, classes, c, "norm")
        exact = features.astype("float64")
        targets = numpy.eye(classes)[labels]

        def objective(flat):
            weight = flat.reshape(classes, -1)
            logits = exact @ weight[:, :-1].T + weight[:, -1]
            residual = (numpy.exp(log_softmax(logits, axis=1)) - targets) / len(labels)
            norm = numpy.linalg.norm(weight[:, :-1])
            gradient = numpy.concatenate([residual.T @ exact + weight[:, :-1] / (2 * c * norm),
                                          residual.sum(0)[:, None]], axis=1)
            return cross_entropies(logits, labels).mean() + norm / (2 * c), gradient.ravel()

        ours = numpy.concatenate([found["weight"], found["bias"][:, None]], axis=1)
        self.assertAlmostEqual(objective(ours.ravel())[0], found["objective"],
                               delta=1e-9 * found["objective"])
        start = numpy.random.default_rng(1).normal(size=ours.size) * 0.1
        peer = minimize(objective, start, jac=True, method="L-BFGS-B",
                        options={"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-10})
        self.assertLess(abs(peer.fun - found["objective"]), 1e-8 * peer.fun)
        theirs = peer.x.reshape(classes, -1)
        predicted = (others.astype("float64") @ theirs[:, :-1].T + theirs[:, -1]).argmax(1)
        self.assertGreater((predicted == found["logits"].argmax(1)).mean(), 0.999)

    def test_overlapping(self):
        self.check(make_data([40, 60, 20], 8, seed=11, noise=2), 3, 2.0)

    def test_the_published_strength(self):
        self.check(make_data([50] * 4, 32, seed=12, noise=3), 4, 32 * 4 / 100)

    def test_two_classes(self):
        self.check(make_data([30, 50], 6, seed=13, noise=2), 2, 1.0)

    def test_a_penalty_that_leaves_no_weights(self):
        features, labels, others = make_data([30, 10, 20], 8, seed=14, noise=2)
        found = fit(features, labels, others, 3, 1e-3, "norm")
        self.assertLess(numpy.abs(found["weight"]).max(), 1e-8)
        shares = numpy.exp(log_softmax(found["bias"]))
        numpy.testing.assert_allclose(shares, numpy.array([30, 10, 20]) / 60, atol=1e-6)


class Refusals(unittest.TestCase):
    def check(self, features, labels, message):
        done, _ = run(features, labels, features, 3, 1.0, "squared")
        self.assertEqual(done.returncode, 1)
        self.assertIn(message, done.stderr)

    def test_one_class(self):
        self.check(numpy.ones((4, 2), "float32"), numpy.full(4, 2), "are of 1 class; two are needed")

    def test_features_that_are_not_finite(self):
        self.check(numpy.array([[0, 1], [numpy.nan, 0]], "float32"), numpy.array([0, 1]),
                   "not all finite")


if __name__ == "__main__":
    unittest.main()
