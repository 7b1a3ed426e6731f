"""Where the time of a step goes, and its memory: by op, by scope and by line.

`record` tells a recorder of every op while a block runs (`recorder`), which notes times
and bytes and keeps no array alive (`account`). What it wrote down is read when somebody
asks (`reading`, `places`, `rows`), and shown as a table (`table`) or as a trace for
browsers (`trace`). `tinygrad_jp.draw` takes its colours from a profile, too; this room
knows nothing of pictures.
"""

from tinygrad_jp.profile.session import profile

__all__ = ["profile"]
