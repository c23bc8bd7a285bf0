"""Runs of the emulator: workflows, chatflows, pipelines, forms."""
