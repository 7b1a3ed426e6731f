"""What the page says beside the picture, in both languages.

A brace pair stands for a number or a name. The words of pictures themselves (`input`,
`shape`, ...) are those of `draw.text`.
"""

from __future__ import annotations

from tinygrad_jp.draw.basics import Language

ENGLISH = {
    "search": "Search: name, op, shape",
    "found": "{} found",
    "found_first": "{} found, the first {} shown",
    "nothing": "nothing found",
    "fit": "Show all",
    "closer": "Zoom in",
    "farther": "Zoom out",
    "open_all": "Unfold all",
    "open_level": "Unfold one level",
    "fold_all": "Fold all",
    "fold_level": "Fold one level",
    "turn": "Turn: across or down the page",
    "theme": "Light or dark",
    "close": "Close",
    "unfold": "Unfold",
    "fold": "Fold",
    "help": (
        "drag: move · wheel, + −: zoom · 0: show all · click: details · click on a "
        "title: fold and unfold · /: search"
    ),
    "graph": "Computation graph",
    "details": "Details",
    "wire": "tensor",
    "call": "call",
    "dtype": "dtype",
    "elements": "elements",
    "values": "Values",
    "gradient_title": "Gradient",
    "minimum": "min",
    "mean": "mean",
    "maximum": "max",
    "zeros": "zeros",
    "nans": "NaN",
    "infinities": "infinite",
    "norm_short": "norm",
    "rms": "RMS",
    "histogram": "histogram of {}: {} to {}",
    "value_unknown": "Not known: the graph no longer holds it.",
    "gradient_unknown": "Not known.",
    "no_gradient": "None: no gradient flows back to it.",
    "cost": "Colour",
    "source": "Source line",
    "no_source": "Not noted. tg.draw(function, *args) notes the line of each op.",
    "trouble": "Problems",
    "contents": "Inside",
    "one_op": "1 op",
    "parameter_list": "Parameters",
    "result": "Result",
    "takes": "From",
    "gives": "To",
    "scope": "scope",
    "too_large": "More than 2,000 ops: what is folded here cannot be unfolded.",
}

JAPANESE = {
    "search": "検索：名前・演算・形状",
    "found": "{} 件",
    "found_first": "{} 件（先頭の {} 件を表示）",
    "nothing": "見つかりません",
    "fit": "全体を表示",
    "closer": "拡大",
    "farther": "縮小",
    "open_all": "すべて開く",
    "open_level": "一段開く",
    "fold_all": "すべてたたむ",
    "fold_level": "一段たたむ",
    "turn": "向きを変える（横・縦）",
    "theme": "明るい・暗い",
    "close": "閉じる",
    "unfold": "開く",
    "fold": "たたむ",
    "help": (
        "ドラッグ：移動 · ホイール、+ −：拡大縮小 · 0：全体 · クリック：詳細 · "
        "枠の名前をクリック：開閉 · /：検索"
    ),
    "graph": "計算グラフ",
    "details": "詳細",
    "wire": "テンソル",
    "call": "呼び出し",
    "dtype": "データ型",
    "elements": "要素数",
    "values": "値",
    "gradient_title": "勾配",
    "minimum": "最小",
    "mean": "平均",
    "maximum": "最大",
    "zeros": "ゼロ",
    "nans": "NaN",
    "infinities": "無限大",
    "norm_short": "ノルム",
    "rms": "二乗平均平方根",
    "histogram": "{}の分布：{} から {}",
    "value_unknown": "不明（グラフに残っていません）",
    "gradient_unknown": "不明",
    "no_gradient": "なし（ここへは勾配が流れません）",
    "cost": "色の意味",
    "source": "ソースの行",
    "no_source": (
        "記録なし。tg.draw(関数, *引数) で描くと、各演算の行が記録されます。"
    ),
    "trouble": "問題",
    "contents": "中身",
    "one_op": "演算 1 個",
    "parameter_list": "パラメータ",
    "result": "結果",
    "takes": "入ってくるもの",
    "gives": "出ていく先",
    "scope": "スコープ",
    "too_large": "演算が 2,000 個を超えるため、たたまれた部分は開けません。",
}

PAGE_WORDS: dict[Language, dict[str, str]] = {"en": ENGLISH, "ja": JAPANESE}
