"""What pytest learns of gradients: `@gradtest`, guards of a test, and the report.

pytest itself loads the page `_tinygrad_jp_pytestplugin`, which costs nothing; these
pages are loaded once a test uses the package.
"""

from tinygrad_jp.testing.plugin.gradtest import gradtest
from tinygrad_jp.testing.plugin.signature import SignatureError

__all__ = ["SignatureError", "gradtest"]
