"""The pydantic models of everything that goes over the wire, one file per noun."""
