"""6.5 節 ハイパーパラメータ / Chapter 6.5: searching for hyper-parameters.

学習率と荷重減衰を、桁が一様になるように（対数で）乱数で選び、短く学習し、検証データで
比べます。テストデータは使いません：選ぶために見たら、もうテストにならないから。
Learning rate and weight decay are drawn at random, uniform in their order of magnitude;
a short training each, and validation data tells which are good. The test data is left
alone: what was looked at to choose can no longer test.

    python examples/ch06_hyperparameters.py --mnist DIR --full
"""

import _book
import _learning
import _plots
import _plots_learning

import nn

DECAYS = (-8, -4)  # 10 の何乗か / powers of 10
RATES = {
    "MNIST": (-6, -2),  # 本のとおり / as in the book
    "8x8": (-4, 0),  # 小さな画像には大きく / small pictures take larger ones
}


def log_uniform(powers, rng):
    """桁が一様な乱数 / A number whose order of magnitude is uniform."""
    return 10 ** rng.uniform(*powers)


def learn(data, rate, decay, epochs, rng):
    """その値で短く学習する / A short training with these values."""
    net = nn.MultiLayerNet(
        data.train.x.shape[1], [100] * 6, 10, weight_decay_lambda=decay, rng=rng
    )
    sgd = nn.SGD(net.parameters(), lr=rate)
    return _learning.accuracies(net, sgd, data, epochs, rng)


def by_place(best):
    """順位と値を名前にした曲線 / The curves, by their place and what they took."""
    return {
        f"{place}: {accuracy:.0f} %, lr {rate:.2g}": {
            _plots.both("訓練", "training"): found[:, 0],
            _plots.both("検証", "validation"): found[:, 1],
        }
        for place, (accuracy, rate, _, found) in enumerate(best, 1)
    }


def main():
    """ランダムに試し、よいものから並べる / Try at random, and draw the best."""
    page = _book.Page(__file__, __doc__)
    images = page.images(train=page.pick(300, 500, 500)).train
    data = images.split(0.2, rng=page.rng)  # .test が検証データ / for validation
    page.say(
        "学習、検証", "training, validation", f"{len(data.train)}, {len(data.test)}"
    )
    powers = RATES["MNIST" if page.has_mnist else "8x8"]
    tried = []
    for _ in range(page.pick(8, 40, 100)):
        rate = log_uniform(powers, page.rng)
        decay = log_uniform(DECAYS, page.rng)
        found = learn(data, rate, decay, page.pick(10, 30, 50), page.rng)
        tried.append((found[-1, 1], rate, decay, found))
    tried.sort(key=lambda trial: trial[0], reverse=True)
    best = tried[:20]
    page.say(
        "検証の正解率、学習率、荷重減衰（上から 5 つ）",
        "accuracy in validation, learning rate, weight decay (the best five)",
        "\n".join(f"{a:5.1f} %  {r:.2e}  {d:.2e}" for a, r, d, _ in best[:5]),
    )
    rates, decays = ([trial[i] for trial in best[:5]] for i in (1, 2))
    page.say(
        "次に探す範囲",
        "where to search next",
        f"lr {min(rates):.0e} – {max(rates):.0e}, "
        f"λ {min(decays):.0e} – {max(decays):.0e}",
    )
    page.show(
        _plots_learning.accuracies(by_place(best), columns=5),
        "ch06_best.png",
        f"よいものから {len(best)} 個の学習",
        f"The best {len(best)} trainings",
    )
    accuracies, rates, decays = zip(*[trial[:3] for trial in tried])
    page.show(
        _plots_learning.search(rates, decays, accuracies),
        "ch06_search.png",
        "試したすべて。効くのは学習率で、荷重減衰はこの範囲ではどれでもよい",
        "All that were tried: the learning rate matters, the weight decay hardly does",
    )


if __name__ == "__main__":
    main()
