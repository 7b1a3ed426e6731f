"""What a film says, in both languages. A brace pair stands for a name or a number."""

from __future__ import annotations

from tinygrad_jp.draw.basics import Language

ENGLISH = {
    # The page
    "title": "Backward pass, step by step",
    "first": "First step",
    "previous": "Step back",
    "next": "Next step",
    "last": "Last step",
    "play": "Play",
    "pause": "Pause",
    "backward": "To the backward pass",
    "theme": "Light or dark",
    "slider": "Step",
    "step": "Step {} of {}",
    "graph": "Computation graph",
    "forward_part": "forward",
    "backward_part": "backward",
    "help": "← →: step · Home, End: first, last · space: play · B: backward pass",
    "key_now": "now",
    "key_done": "done",
    "key_waiting": "waits for more",
    "key_open": "parts of the gradient still to come",
    # Names
    "input": "input",
    "parameter": "parameter",
    "constant": "constant",
    "output": "output",
    "array": "[{}, norm {}]",
    "unknown": "[{}, not kept]",
    "and": ", ",
    # The forward pass
    "intro": "The graph",
    "intro_head": "A function, op by op",
    "intro_text": (
        "Values flow from left to right: the forward pass. Then gradients flow back "
        "from right to left, beneath the lines."
    ),
    "question": (
        "A red number says how many parts of its gradient a node still waits for. "
        "In which order may the nodes be visited? Have a guess before each step."
    ),
    "forward": "Forward: {}",
    "computed": "Computed",
    "kept": "Kept for the backward pass: {}.",
    "kept_nothing": "Nothing has to be kept for the backward pass.",
    # The seed
    "seed": "Backward: it starts at the output",
    "seed_head": "The first gradient",
    "seed_text": "L is the output, {}. Its slope in itself is 1.",
    "seed_several": "L is the sum of the outputs: the gradient of each is 1.",
    # An op
    "visit": "Backward: {}",
    "arrived": "Gradient that arrives",
    "arrived_one": "g = ∂L/∂{} = {}",
    "arrived_parts": "It was used {} times, and what comes back is added: {}.",
    "from": "{} from {}",
    "from_start": "{} from the start",
    "local": "Local derivative",
    "slope": "∂({})/∂{} = {}",
    "carried": "∂L/∂{} = {}",
    "general": "the vjp of {}, applied to g",
    "where": "Here {}.",
    "is": "{} is {}",
    "handed": "Handed on",
    "handed_text": "What arrives, times the local derivative:",
    "to": "→ {}: {}",
    "repeated": "{} (added up where {} was repeated)",
    "completed": "{}: all {} parts are there: {}",
    "waits": "{}: {} of {} parts are there, so it has to wait.",
    "no_gradient": "Nothing goes to {}: no gradient was asked for.",
    "why": "Why this node now?",
    "why_output": "It is the output: no op uses it, so nothing can still arrive.",
    "why_one": "Its only user, {}, has been visited. Nothing can still arrive.",
    "why_all": "All its users have been visited: {}. Nothing can still arrive.",
    "why_twice": "Its only user, {}, has handed on all {} parts. "
    "Nothing can still arrive.",
    "why_early": (
        "Had it come before {}, it would have handed on a g of {}, and the {} that "
        "arrived later would be missing in everything to the left."
    ),
    "why_choice": (
        "{} would have been possible too: complete as well. The engine takes the node "
        "that was computed last."
    ),
    "list": "On the way",
    "list_node": "node",
    "list_parts": "parts",
    "state_next": "complete, comes next",
    "state_complete": "complete",
    "state_waiting": "waits",
    "state_leaf": "complete: its .grad",
    # The end
    "end": "The gradients",
    "end_head": "backward() would leave these in .grad",
    "end_order": "The order",
    "end_text": (
        "Every node was visited once, after all its users: a topological order, "
        "backwards."
    ),
    "end_leaf": "leaf",
    "end_grad": "gradient",
    "no_grad": "none arrives",
}

JAPANESE = {
    "title": "逆伝播を一歩ずつ",
    "first": "最初へ",
    "previous": "一つ戻る",
    "next": "次へ",
    "last": "最後へ",
    "play": "再生",
    "pause": "一時停止",
    "backward": "逆伝播の始まりへ",
    "theme": "明るい・暗い",
    "slider": "ステップ",
    "step": "{} / {}",
    "graph": "計算グラフ",
    "forward_part": "順伝播",
    "backward_part": "逆伝播",
    "help": "← →：前後 · Home, End：最初・最後 · スペース：再生 · B：逆伝播の始まり",
    "key_now": "今ここ",
    "key_done": "済み",
    "key_waiting": "残りを待つ",
    "key_open": "まだ届いていない勾配の数",
    "input": "入力",
    "parameter": "パラメータ",
    "constant": "定数",
    "output": "出力",
    "array": "[{}、ノルム {}]",
    "unknown": "[{}、残っていない]",
    "and": "、",
    "intro": "計算グラフ",
    "intro_head": "関数を演算に分ける",
    "intro_text": (
        "値は左から右へ流れます（順伝播）。そのあと勾配が、線の下側を右から左へ"
        "戻ります（逆伝播）。"
    ),
    "question": (
        "赤い数字は、そのノードがまだ待っている勾配の数です。"
        "ノードはどの順に訪ねればよいでしょうか。進む前に考えてみてください。"
    ),
    "forward": "順伝播：{}",
    "computed": "計算",
    "kept": "逆伝播のために残すもの：{}。",
    "kept_nothing": "逆伝播のために残すものはありません。",
    "seed": "逆伝播：出力から始まる",
    "seed_head": "最初の勾配",
    "seed_text": "出力 {} を L とします。L は L と同じだけ変わるので、傾きは 1 です。",
    "seed_several": "出力の和を L とします。どの出力の勾配も 1 です。",
    "visit": "逆伝播：{}",
    "arrived": "届いた勾配",
    "arrived_one": "g = ∂L/∂{} = {}",
    "arrived_parts": "{} 回使われたので、戻ってきたものを足します：{}。",
    "from": "{1} から {0}",
    "from_start": "始まりの {}",
    "local": "局所的な微分",
    "slope": "∂({})/∂{} = {}",
    "carried": "∂L/∂{} = {}",
    "general": "{} の vjp を g に適用したもの",
    "where": "ここで {}。",
    "is": "{} は {}",
    "handed": "渡す勾配",
    "handed_text": "届いた勾配 × 局所的な微分：",
    "to": "→ {}：{}",
    "repeated": "{}（{} が繰り返された軸について足す）",
    "completed": "{} には {} 個とも届きました：{}",
    "waits": "{0} には {2} 個のうち {1} 個が届きました。残りを待ちます。",
    "no_gradient": "{} には渡しません（勾配は求められていません）。",
    "why": "なぜ今このノードなのか",
    "why_output": "出力を使う演算はないので、もう何も届きません。",
    "why_one": "これを使う演算は {} だけで、もう済んでいます。ほかには何も届きません。",
    "why_all": "これを使う演算 {} はすべて済んでいます。もう何も届きません。",
    "why_twice": "これを使う演算は {} だけで、{} 個とも渡し終えています。"
    "もう何も届きません。",
    "why_early": (
        "もし {} より先に来ていたら、g を {} として渡してしまい、後から届く {} が"
        "左側のすべてで抜け落ちていたでしょう。"
    ),
    "why_choice": (
        "{} もそろっているので、先でもかまいません。エンジンは最後に計算されたノードを"
        "選びます。"
    ),
    "list": "勾配が届いているノード",
    "list_node": "ノード",
    "list_parts": "届いた数",
    "state_next": "そろった：次の番",
    "state_complete": "そろった",
    "state_waiting": "待つ",
    "state_leaf": "そろった：.grad になる",
    "end": "求まった勾配",
    "end_head": "backward() を呼ぶと .grad に入るもの",
    "end_order": "訪ねた順序",
    "end_text": (
        "どのノードも、それを使う演算がすべて済んでから一度だけ訪ねました。"
        "これがトポロジカルソートの逆順です。"
    ),
    "end_leaf": "葉",
    "end_grad": "勾配",
    "no_grad": "届かない",
}

FILM_WORDS: dict[Language, dict[str, str]] = {"en": ENGLISH, "ja": JAPANESE}
