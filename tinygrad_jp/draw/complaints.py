"""What is said of trouble, in the two languages: for labels, and in whole sentences."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_jp.draw.basics import Language


@dataclass(frozen=True, slots=True)
class Complaints:
    """Templates; each short one, for a label, has a sentence for the tooltip.

    `what` is "NaN ×3" or "∞ ×1", with a ∇ before it for a gradient.
    """

    made: str
    made_of: str
    first: str
    first_of: str
    given: str
    given_of: str
    arrived: str
    pulled_of: str
    zero: str
    zero_of: str
    zero_made: str
    zero_made_of: str
    missing: str
    missing_of: str
    dead: str
    dead_of: str
    saturated: str
    saturated_of: str
    alike: str
    alike_of: str
    within: str
    more: str


ENGLISH = Complaints(
    made="{what} made here",
    made_of="{what} made here, of finite numbers",
    first="{what}",
    first_of="{what} first seen here; not all operands are known",
    given="{what} given",
    given_of="{what} in the data",
    arrived="{what} has come from elsewhere",
    pulled_of="{what} made here on the way back, of a finite gradient",
    zero="∇ 0",
    zero_of="the gradient is exactly 0: it does not learn",
    zero_made="∇ 0 made here",
    zero_made_of="the gradient becomes exactly 0 here; behind it do not learn: {names}",
    missing="no ∇",
    missing_of="no gradient: nothing differentiable leads from it to the output",
    dead="{dead} of {units} units dead",
    dead_of="{dead} of {units} units are 0 for all {rows} rows of the batch",
    saturated="{share} % saturated",
    saturated_of="{share} % of the results are at a limit, where the slope is almost 0",
    alike="outputs hardly differ",
    alike_of="all {rows} rows of the batch get the same outputs, within {near}",
    within="{op} in {scope}",
    more="{names} and {count} more",
)

JAPANESE = Complaints(
    made="{what} ここで発生",
    made_of="有限の数から {what} がここで発生",
    first="{what}",
    first_of="{what} が最初に見えた所（不明な入力があります）",
    given="{what} 入力に含まれる",
    given_of="データに {what} が含まれています",
    arrived="{what} が前の演算から来ています",
    pulled_of="逆伝播で、有限の勾配から {what} がここで発生",
    zero="∇ 0",
    zero_of="勾配がちょうど 0 なので学習しません",
    zero_made="∇ 0 ここで発生",
    zero_made_of="勾配がここでちょうど 0 になり、その先は学習しません: {names}",
    missing="∇ なし",
    missing_of="勾配なし: 出力へ微分できる経路がありません",
    dead="{units} 個中 {dead} 個が不活性",
    dead_of="{units} 個中 {dead} 個のユニットがバッチの全 {rows} 行で 0",
    saturated="{share} % 飽和",
    saturated_of="出力の {share} % が限界値にあり、傾きがほぼ 0",
    alike="出力にほとんど差がない",
    alike_of="バッチの全 {rows} 行の出力が同じ（差は {near} 未満）",
    within="{scope} の {op}",
    more="{names} ほか {count} 個",
)

COMPLAINTS: dict[Language, Complaints] = {"en": ENGLISH, "ja": JAPANESE}
