"""XOR が止まって見える / XOR that stands still: a plateau, seen while it happens.

ある読者の 2-4-2 のネットワーク。シグモイド、学習率 0.01、60,000 回。長い間、出力は
すべて 0.5 のあたり（鞍点）。やめずに待つと、隠れ層が分かれ、学習が始まります。
A reader's network of 2-4-2: sigmoid, learning rate 0.01, 60,000 iterations. For long
all outputs stay near 0.5 (a saddle). Who waits sees the hidden units part, and learning
begin.

    python examples/xor_plateau.py
"""

import _book
import _plots_xor
import numpy as np

import tinygrad_jp as tg

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
T = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])  # (同じ, 違う)
LR = 0.01
NEAR = 0.1  # これより 0.5 に近ければ停滞 / nearer to 0.5 than this is a plateau


def start():
    """読者と同じ初期値 / The reader's initial values, from NumPy's old generator."""
    old = np.random.RandomState(42)  # the numbers of np.random.seed(42)
    drawn = {
        "W1": old.rand(2, 4),
        "b1": old.randn(4),
        "W2": old.rand(4, 2),
        "b2": old.randn(2),
    }
    return {
        name: tg.Tensor(value, requires_grad=True, name=name)
        for name, value in drawn.items()
    }


def forward(p):
    """隠れ層と、2 クラスの得点 / The hidden layer, and the scores."""
    hidden = tg.sigmoid(X @ p["W1"] + p["b1"])
    return hidden, hidden @ p["W2"] + p["b2"]


def printed_loss(y):
    """読者が表示した損失 / The loss as the reader printed it, safe from log(0)."""
    return float(-(T * np.log(y + 1e-7)).sum() / len(X))


def watch(step, hidden, y, p):
    """いま何が起きているか / What is going on: three numbers tell a plateau."""
    gradients = np.concatenate([np.ravel(t.grad) for t in p.values()])
    spread = np.ptp(hidden.numpy(), axis=0).mean()
    return {
        "step": step,
        "loss": printed_loss(y),
        "from half": float(np.abs(y - 0.5).max()),
        "gradient": float(np.linalg.norm(gradients)),
        "hidden": float(spread),
        "units": hidden.numpy(),
    }


def train(p, steps, every):
    """全体を 1 バッチとして SGD / SGD on all four at once; notes every few steps."""
    seen = []
    for step in range(steps):
        hidden, scores = forward(p)
        loss = -(T * tg.log_softmax(scores)).sum() / len(X)
        for tensor in p.values():
            tensor.grad = None
        loss.backward()
        if step % every == 0:
            seen.append(watch(step, hidden, tg.softmax(scores).numpy(), p))
        with tg.no_grad():
            for tensor in p.values():
                tensor -= LR * tensor.grad
    return seen


def main():
    """学習し、停滞を見る / Learn, and look at the plateau."""
    page = _book.Page(__file__, __doc__)
    steps = page.pick(3_000, 60_000, 60_000)
    p = start()
    seen = train(p, steps, every=100)
    print(f"  {'step':>7}  {'loss':>8}  {'|y-0.5|':>8}  {'|∇|':>8}  {'hidden':>7}")
    for now in seen[:: max(len(seen) // 24, 1)]:
        stuck = "  停滞 plateau" if now["from half"] < NEAR else ""
        print(
            f"  {now['step']:>7,}  {now['loss']:8.5f}  {now['from half']:8.3f}"
            f"  {now['gradient']:8.4f}  {now['hidden']:7.3f}{stuck}"
        )
    hidden, scores = forward(p)
    result = p | {"y": tg.softmax(scores), "hidden": hidden}
    with np.printoptions(precision=8, suppress=True):
        for name, value in result.items():
            page.say(name, name, value.numpy())
    stuck = [now["step"] for now in seen if now["from half"] < NEAR]
    if stuck:
        page.say("停滞", "plateau", f"{stuck[0]:,} – {stuck[-1]:,}")

    def decide(points):
        layer = tg.sigmoid(points @ p["W1"].data + p["b1"].data)
        return tg.softmax(layer @ p["W2"].data + p["b2"].data).numpy()[:, 1]

    page.show(
        _plots_xor.plateau(seen, stuck, X, decide),
        "xor_plateau.png",
        "損失と勾配（灰色が停滞）、隠れ層の 4 つの値、最後の境界",
        "Loss and gradient (the plateau in grey), hidden units, and the boundary",
    )


if __name__ == "__main__":
    main()
