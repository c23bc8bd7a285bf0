"""`python -m dify`: the `dify` command, as `python -m dify.cli` is."""

import runpy

if __name__ == "__main__":
    runpy.run_module("dify.cli", run_name="__main__", alter_sys=True)
